<?php

declare(strict_types=1);

namespace Laurels\Transport;

use Laurels\Page\RecordEventRequest;
use Laurels\Page\RecordEventResponse;
use Laurels\Page\RecordEventsResponse;
use Laurels\V1\AchievementServiceClient;

/**
 * The generated stub, and recording with the messages of page.proto.
 *
 * @internal
 */
class Stub extends AchievementServiceClient
{
    /**
     * Does RecordEvent.
     *
     * @param array<string, list<string>> $metadata
     * @param array<string, mixed> $options
     * @return \Grpc\UnaryCall|CurlUnaryCall
     */
    public function recordOne(RecordEventRequest $request, array $metadata, array $options): object
    {
        $method = '/laurels.v1.AchievementService/RecordEvent';
        return $this->_simpleRequest($method, $request, [RecordEventResponse::class, 'decode'], $metadata, $options);
    }

    /**
     * Begins RecordEvents: a RecordEventRequest is one of its messages, without options.
     *
     * @param array<string, list<string>> $metadata
     * @param array<string, mixed> $options
     * @return \Grpc\BidiStreamingCall|CurlExchange
     */
    public function recordAll(array $metadata, array $options): object
    {
        $method = '/laurels.v1.AchievementService/RecordEvents';
        return $this->_bidiRequest($method, [RecordEventsResponse::class, 'decode'], $metadata, $options);
    }
}
