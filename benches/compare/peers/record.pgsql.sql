-- What a site would build on PostgreSQL: one call an event, SELECT * FROM record(id, type, user).
--
-- The function is one statement of one transaction: an event is counted wholly or not at all, in one round trip. An event that
-- reaches no threshold writes two rows. The row that many events meet at is written last, since its lock is held
-- until the commit is on the disk.

CREATE TABLE badge (
    kind text NOT NULL,
    goal bigint NOT NULL,
    bit integer NOT NULL UNIQUE,
    name text NOT NULL UNIQUE,
    points integer NOT NULL,
    PRIMARY KEY (kind, goal)
);

-- What each event was answered, for whoever sends it again.
CREATE TABLE event (
    id text PRIMARY KEY,
    badge text
);

-- Room is left in each page, so that a counter moves within it and no index is touched (HOT).
CREATE TABLE tally (
    player text NOT NULL,
    kind text NOT NULL,
    events bigint NOT NULL,
    PRIMARY KEY (player, kind)
) WITH (fillfactor = 50);

CREATE TABLE player (
    player text PRIMARY KEY,
    badges bigint NOT NULL,
    points integer NOT NULL
);
CREATE INDEX board ON player (points DESC);

-- Whoever listens is woken by NOTIFY, and reads on from where they were.
CREATE TABLE award (
    place bigint GENERATED ALWAYS AS IDENTITY (CACHE 64) PRIMARY KEY,
    player text NOT NULL,
    badge text NOT NULL,
    event text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO badge VALUES
    ('post.created', 10, 0, 'poster-10', 10),
    ('post.created', 100, 1, 'poster-100', 50),
    ('post.created', 1000, 2, 'poster-1000', 100);

CREATE FUNCTION record(
    new_id text, new_kind text, new_player text, OUT duplicate boolean, OUT earned text
) LANGUAGE plpgsql AS $$
DECLARE
    counted bigint;
    reached badge;
BEGIN
    duplicate := false;
    INSERT INTO event (id) VALUES (new_id) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        duplicate := true;
        SELECT badge INTO earned FROM event WHERE id = new_id;
        RETURN;
    END IF;
    INSERT INTO tally AS t VALUES (new_player, new_kind, 1)
        ON CONFLICT (player, kind) DO UPDATE SET events = t.events + 1
        RETURNING t.events INTO counted;
    SELECT * INTO reached FROM badge WHERE kind = new_kind AND goal = counted;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    INSERT INTO player AS p VALUES (new_player, 1 << reached.bit, reached.points)
        ON CONFLICT (player) DO UPDATE
        SET badges = p.badges | excluded.badges, points = p.points + excluded.points
        WHERE p.badges & excluded.badges = 0;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    earned := reached.name;
    UPDATE event SET badge = earned WHERE id = new_id;
    INSERT INTO award (player, badge, event) VALUES (new_player, earned, new_id);
    PERFORM pg_notify('awards', new_player || ' ' || earned);
END
$$;
