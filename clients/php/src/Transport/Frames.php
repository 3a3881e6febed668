<?php

declare(strict_types=1);

namespace Laurels\Transport;

/**
 * Takes gRPC's frames out of bytes that come in any pieces.
 *
 * A frame is one byte of flags (1: compressed, 128: the trailers of gRPC-Web), four of length, and the contents.
 *
 * @internal
 */
final class Frames
{
    /** Longest message that is taken, in bytes. A longer one ends the call with RESOURCE_EXHAUSTED. */
    public const MESSAGE_MAX_BYTES = 16 * 1024 * 1024;

    /** How much of a compressed message is unpacked at once; it grows a thousandfold at most. */
    private const PACKED_PIECE_BYTES = 4096;

    private const HEAD_BYTES = 5;
    private const COMPRESSED = 0x01;
    private const TRAILERS = 0x80;

    private string $bytes = '';

    /** @var list<string> */
    private array $messages = [];

    private ?string $trailers = null;

    private ?CallStatus $fault = null;

    public function __construct(private readonly Framing $framing)
    {
    }

    public static function of(string $message): string
    {
        return \pack('CN', 0, \strlen($message)) . $message;
    }

    /** Takes bytes. False when nothing more is wanted, since what came is no frame: see fault(). */
    public function push(string $bytes): bool
    {
        $this->bytes .= $bytes;
        while ($this->fault === null && \strlen($this->bytes) >= self::HEAD_BYTES) {
            ['flags' => $flags, 'length' => $length] = \unpack('Cflags/Nlength', $this->bytes);
            if ($length > self::MESSAGE_MAX_BYTES) {
                $this->fail(StatusCode::ResourceExhausted, "the answer has a message of $length bytes, more than the "
                    . self::MESSAGE_MAX_BYTES . ' that this client takes');
                break;
            }
            if (\strlen($this->bytes) < self::HEAD_BYTES + $length) {
                break;
            }
            $this->take($flags, \substr($this->bytes, self::HEAD_BYTES, $length));
            $this->bytes = \substr($this->bytes, self::HEAD_BYTES + $length);
        }
        return $this->fault === null;
    }

    /** The next message that is whole, or null. */
    public function next(): ?string
    {
        return \array_shift($this->messages);
    }

    /** The trailers of gRPC-Web, if they came. */
    public function trailers(): ?string
    {
        return $this->trailers;
    }

    /** What ends the call, if anything does: also that the bytes ended within a frame. */
    public function fault(bool $ended): ?CallStatus
    {
        if ($this->fault === null && $ended && $this->bytes !== '') {
            $this->fail(StatusCode::Unavailable, 'the answer ends in the middle of a message');
        }
        return $this->fault;
    }

    private function take(int $flags, string $contents): void
    {
        if (($flags & self::COMPRESSED) !== 0) {
            $contents = self::unpacked($contents);
            if ($contents === null) {
                $this->fail(StatusCode::Internal, 'a compressed message cannot be read, or is larger than '
                    . self::MESSAGE_MAX_BYTES . ' bytes');
                return;
            }
        }
        match ($flags & ~self::COMPRESSED) {
            0 => $this->messages[] = $contents,
            self::TRAILERS => $this->framing === Framing::Web
                ? $this->trailers = $contents
                : $this->fail(StatusCode::Internal, 'the answer has gRPC-Web trailers, and this is not gRPC-Web'),
            default => $this->fail(StatusCode::Internal, "the answer has a frame with the unknown flags $flags"),
        };
    }

    /** Piece by piece, so that a message that grows without end is noticed. gzdecode()'s own limit lets it through. */
    private static function unpacked(string $packed): ?string
    {
        $state = \inflate_init(\ZLIB_ENCODING_GZIP);
        $whole = '';
        foreach (\str_split($packed, self::PACKED_PIECE_BYTES) as $piece) {
            $part = @\inflate_add($state, $piece);
            if ($part === false || \strlen($whole) + \strlen($part) > self::MESSAGE_MAX_BYTES) {
                return null;
            }
            $whole .= $part;
        }
        return \inflate_get_status($state) === \ZLIB_STREAM_END ? $whole : null;
    }

    private function fail(StatusCode $code, string $details): void
    {
        $this->fault = CallStatus::of($code, $details);
    }
}
