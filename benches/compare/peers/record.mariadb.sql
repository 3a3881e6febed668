-- What a site would build on MariaDB: one call an event, CALL record(id, type, user).
--
-- The procedure is one transaction: an event is counted wholly or not at all, in one round trip. An event that reaches no
-- threshold writes two rows. The row that many events meet at is written last, since its lock is held until the commit
-- is on the disk.
--
-- Statements end with a line of two slashes, since a procedure has semicolons in it (DELIMITER).

CREATE TABLE badge (
    kind VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    goal BIGINT NOT NULL,
    bit INT NOT NULL UNIQUE,
    name VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL UNIQUE,
    points INT NOT NULL,
    PRIMARY KEY (kind, goal)
) ENGINE = InnoDB;
//
-- What each event was answered, for whoever sends it again.
CREATE TABLE event (
    id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
    badge VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin
) ENGINE = InnoDB;
//
CREATE TABLE tally (
    player VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    kind VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    events BIGINT NOT NULL,
    PRIMARY KEY (player, kind)
) ENGINE = InnoDB;
//
CREATE TABLE player (
    player VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY,
    badges BIGINT NOT NULL,
    points INT NOT NULL,
    KEY board (points)
) ENGINE = InnoDB;
//
-- Whoever listens reads on from where they were: MariaDB has no word for waking them.
CREATE TABLE award (
    place BIGINT AUTO_INCREMENT PRIMARY KEY,
    player VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    badge VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    event VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
) ENGINE = InnoDB;
//
INSERT INTO badge VALUES
    ('post.created', 10, 0, 'poster-10', 10),
    ('post.created', 100, 1, 'poster-100', 50),
    ('post.created', 1000, 2, 'poster-1000', 100);
//
CREATE PROCEDURE record(
    new_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin,
    new_kind VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
    new_player VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
) MODIFIES SQL DATA
recording: BEGIN
    DECLARE counted BIGINT DEFAULT 1;
    DECLARE earned VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin;
    DECLARE its_bit, its_points INT;
    DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN
        ROLLBACK;
        RESIGNAL;
    END;

    START TRANSACTION;
    INSERT IGNORE INTO event (id) VALUES (new_id);
    IF ROW_COUNT() = 0 THEN
        SELECT 1 AS duplicate, badge AS earned FROM event WHERE id = new_id;
        COMMIT;
        LEAVE recording;
    END IF;
    -- LAST_INSERT_ID(x) brings the new count back without another look.
    INSERT INTO tally VALUES (new_player, new_kind, 1)
        ON DUPLICATE KEY UPDATE events = LAST_INSERT_ID(events + 1);
    IF ROW_COUNT() = 2 THEN
        SET counted = LAST_INSERT_ID();
    END IF;
    SELECT name, bit, points INTO earned, its_bit, its_points FROM badge WHERE kind = new_kind AND goal = counted;
    IF earned IS NOT NULL THEN
        INSERT INTO player VALUES (new_player, 1 << its_bit, its_points)
            ON DUPLICATE KEY UPDATE
            points = points + IF(badges & VALUES(badges), 0, VALUES(points)),
            badges = badges | VALUES(badges);
        UPDATE event SET badge = earned WHERE id = new_id;
        INSERT INTO award (player, badge, event) VALUES (new_player, earned, new_id);
    END IF;
    COMMIT;
    SELECT 0 AS duplicate, earned;
END
//
