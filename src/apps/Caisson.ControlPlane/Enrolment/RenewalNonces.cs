using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Caisson.Protocol;

namespace Caisson.ControlPlane.Enrolment;

/// <summary>
/// Nonces for renewals: good once, for five minutes of the server's monotonic clock. A nonce carries its own proof (an HMAC under a key of
/// this process), so handing them out to anybody costs no memory and cannot push out another's; only used ones are remembered, and those
/// came with a device's signature. After a restart endpoints ask for new ones.
/// </summary>
internal sealed class RenewalNonces(TimeProvider time)
{
    private static readonly TimeSpan s_life = TimeSpan.FromMinutes(5);

    // Layout: 8 bytes timestamp, 16 random bytes, 32 bytes HMAC.
    private const int Length = 8 + 16 + 32;
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly ConcurrentDictionary<string, long> _used = new(StringComparer.Ordinal);

    public string Issue(EndpointId endpoint)
    {
        var nonce = new byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(nonce, time.GetTimestamp());
        RandomNumberGenerator.Fill(nonce.AsSpan(8, 16));
        Authenticate(endpoint, nonce.AsSpan(0, 24)).CopyTo(nonce, 24);
        return Base64Url.EncodeToString(nonce);
    }

    /// <summary>Whether this server gave the nonce to this endpoint and it is still good.</summary>
    public bool IsGood(EndpointId endpoint, string nonce)
    {
        var bytes = new byte[Length];
        return Base64Url.TryDecodeFromChars(nonce, bytes, out var length) && length == Length
            && CryptographicOperations.FixedTimeEquals(bytes.AsSpan(24), Authenticate(endpoint, bytes.AsSpan(0, 24)))
            && time.GetElapsedTime(BinaryPrimitives.ReadInt64BigEndian(bytes)) <= s_life
            && !_used.ContainsKey(nonce);
    }

    /// <summary>True once per nonce. Call it after everything else was found right.</summary>
    public bool Use(string nonce)
    {
        foreach (var (old, usedAt) in _used)
        {
            if (time.GetElapsedTime(usedAt) > s_life)
            {
                _used.TryRemove(old, out _);
            }
        }

        return _used.TryAdd(nonce, time.GetTimestamp());
    }

    private byte[] Authenticate(EndpointId endpoint, ReadOnlySpan<byte> head) =>
        HMACSHA256.HashData(_key, (byte[])[.. head, .. Encoding.UTF8.GetBytes(endpoint.Value)]);
}
