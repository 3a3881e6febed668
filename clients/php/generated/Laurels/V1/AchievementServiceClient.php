<?php
// GENERATED CODE -- DO NOT EDIT!

// Original file comments:
// The service a site talks to: it says what happened, asks what was earned, and
// listens for what is being earned now.
//
namespace Laurels\V1;

/**
 * Records events and tells what they earned.
 *
 * Every error carries a google.rpc.ErrorInfo whose reason is a name of
 * ErrorReason and whose domain is "laurels"; a bad request also carries
 * google.rpc.BadRequest with the path of each field at fault, and an answer that
 * asks for patience carries google.rpc.RetryInfo. A duplicate event is not an
 * error, and neither is a user nobody has heard of.
 *
 * A request has at most 64 KiB, a message of RecordEvents at most 1 MiB, unless
 * the server is set otherwise.
 */
class AchievementServiceClient extends \Grpc\BaseStub {

    /**
     * @param string $hostname hostname
     * @param array $opts channel options
     * @param \Grpc\Channel $channel (optional) re-use channel object
     */
    public function __construct($hostname, $opts, $channel = null) {
        parent::__construct($hostname, $opts, $channel);
    }

    /**
     * Records one event. When it answers, the event and everything it caused are
     * kept: neither a crash nor a power cut takes them back. Safe to retry with the
     * same id.
     * @param \Laurels\V1\RecordEventRequest $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function RecordEvent(\Laurels\V1\RecordEventRequest $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/laurels.v1.AchievementService/RecordEvent',
        $argument,
        ['\Laurels\V1\RecordEventResponse', 'decode'],
        $metadata, $options);
    }

    /**
     * Records a stream of events, for volume. Each is answered, in the order sent;
     * a bad one is answered with its error and the stream goes on. Read while you
     * write: the server stops reading once 1,024 of a stream's events await their
     * answers.
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\BidiStreamingCall
     */
    public function RecordEvents($metadata = [], $options = []) {
        return $this->_bidiRequest('/laurels.v1.AchievementService/RecordEvents',
        ['\Laurels\V1\RecordEventsResponse','decode'],
        $metadata, $options);
    }

    /**
     * The badges a user holds, and how far the user is towards the others. Sees
     * every event that was answered before the call.
     * @param \Laurels\V1\GetBadgesRequest $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function GetBadges(\Laurels\V1\GetBadgesRequest $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/laurels.v1.AchievementService/GetBadges',
        $argument,
        ['\Laurels\V1\GetBadgesResponse', 'decode'],
        $metadata, $options);
    }

    /**
     * Everything that happens from now on, or since a cursor, in order and without
     * a gap. The first message comes at once and is a heartbeat. A slow reader falls
     * behind but loses nothing.
     * @param \Laurels\V1\LiveNotificationsRequest $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\ServerStreamingCall
     */
    public function LiveNotifications(\Laurels\V1\LiveNotificationsRequest $argument,
      $metadata = [], $options = []) {
        return $this->_serverStreamRequest('/laurels.v1.AchievementService/LiveNotifications',
        $argument,
        ['\Laurels\V1\LiveNotificationsResponse', 'decode'],
        $metadata, $options);
    }

    /**
     * The badges there are.
     * @param \Laurels\V1\ListBadgesRequest $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function ListBadges(\Laurels\V1\ListBadgesRequest $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/laurels.v1.AchievementService/ListBadges',
        $argument,
        ['\Laurels\V1\ListBadgesResponse', 'decode'],
        $metadata, $options);
    }

    /**
     * How a user is shown to others, with points and how many awards there are.
     * @param \Laurels\V1\GetProfileRequest $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function GetProfile(\Laurels\V1\GetProfileRequest $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/laurels.v1.AchievementService/GetProfile',
        $argument,
        ['\Laurels\V1\GetProfileResponse', 'decode'],
        $metadata, $options);
    }

    /**
     * Sets how a user is shown, and the user's time zone and language. It is recorded as
     * an event "profile.updated" of that user, whose data are the fields that are set:
     * as durable, and rules hear it.
     * @param \Laurels\V1\UpdateProfileRequest $argument input argument
     * @param array $metadata metadata
     * @param array $options call options
     * @return \Grpc\UnaryCall
     */
    public function UpdateProfile(\Laurels\V1\UpdateProfileRequest $argument,
      $metadata = [], $options = []) {
        return $this->_simpleRequest('/laurels.v1.AchievementService/UpdateProfile',
        $argument,
        ['\Laurels\V1\UpdateProfileResponse', 'decode'],
        $metadata, $options);
    }

}
