<?php
// GENERATED CODE -- DO NOT EDIT!

// Original file comments:
// The service for those who run the site.
//
namespace Laurels\V1;

/**
 * Administration. It needs a key with the scope admin, or a server without keys.
 *
 * Errors are those of AchievementService.
 */
class AdminServiceClient extends \Grpc\BaseStub {

    /**
     * @param string $hostname hostname
     * @param array $opts channel options
     * @param \Grpc\Channel $channel (optional) re-use channel object
     */
    public function __construct($hostname, $opts, $channel = null) {
        parent::__construct($hostname, $opts, $channel);
    }

    /**
     * Everything the server has, as one stream that `laurels restore` makes a store
     * of. Recording goes on meanwhile; what is recorded after the call is not in it.
     * The answers' bytes, one after the other, are the backup. Only when the stream
     * ends well is it whole. At most two are taken at a time; another is refused with
     * ERROR_REASON_OVERLOADED.
     * @param \Laurels\V1\BackupRequest $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\ServerStreamingCall
     */
    public function Backup(\Laurels\V1\BackupRequest $argument,
      $metadata = [], $options = []) {
        return $this->_serverStreamRequest('/laurels.v1.AdminService/Backup',
        $argument,
        ['\Laurels\V1\BackupResponse', 'decode'],
        $metadata, $options);
    }

    /**
     * Reads the badge files again and takes them into use, between two events. With
     * any mistake in them the rules in use go on, and the call is refused with
     * ERROR_REASON_BADGES_INVALID: BadRequest has the mistakes, each with its place,
     * as many as fit into an answer's headers. The log of the server has them all.
     * @param \Laurels\V1\ReloadRequest $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function Reload(\Laurels\V1\ReloadRequest $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/laurels.v1.AdminService/Reload',
        $argument,
        ['\Laurels\V1\ReloadResponse', 'decode'],
        $metadata, $options);
    }

    /**
     * Gives a badge by hand: any badge, whatever its rule says. It is an award like any
     * other: it is told, counted, and heard by the rules that rest on it. But no rule
     * takes it back; RevokeBadge does. Kept in the audit log.
     * @param \Laurels\V1\AwardBadgeRequest $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function AwardBadge(\Laurels\V1\AwardBadgeRequest $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/laurels.v1.AdminService/AwardBadge',
        $argument,
        ['\Laurels\V1\AwardBadgeResponse', 'decode'],
        $metadata, $options);
    }

    /**
     * Takes an award back by hand, whoever gave it. No rule gives it again; AwardBadge
     * does. Kept in the audit log.
     * @param \Laurels\V1\RevokeBadgeRequest $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function RevokeBadge(\Laurels\V1\RevokeBadgeRequest $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/laurels.v1.AdminService/RevokeBadge',
        $argument,
        ['\Laurels\V1\RevokeBadgeResponse', 'decode'],
        $metadata, $options);
    }

    /**
     * What was done by hand, and to the server itself: who, what, why and when, newest
     * first. Nothing is ever taken out of it, also where records of events are kept for
     * a limited time only.
     * @param \Laurels\V1\ListAuditEventsRequest $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function ListAuditEvents(\Laurels\V1\ListAuditEventsRequest $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/laurels.v1.AdminService/ListAuditEvents',
        $argument,
        ['\Laurels\V1\ListAuditEventsResponse', 'decode'],
        $metadata, $options);
    }

}
