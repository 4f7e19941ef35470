using System.Globalization;
using System.Security.Cryptography;
using Caisson.Chunks;

namespace Caisson.Bench;

/// <summary>
/// The speed limits of an import on this machine, now: SHA-256 over pieces of a chunk's average length, and zstd over frames, on the image's own data.
/// Only the loop is timed, in CPU seconds of this process, so that neither the disk nor the neighbours count.
/// </summary>
internal static class UnitSpeeds
{
    private const int Piece = 64 << 10;
    private const int SampleBytes = 256 << 20;

    public static void Print(string image, int level)
    {
        var data = Sample(image);
        Warm(data, level);
        Say("speed.data", data.Length);
        Say("speed.sha256", Rate(data, Hash));
        using var codec = new FrameCodec(level);
        var stored = new byte[Limits.MaxFrameStoredBytes];
        Say("speed.zstd", Rate(data, bytes => Compress(bytes, codec, stored)));
    }

    private static void Say(string name, double value) => Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}\t{value:F0}"));

    /// <summary>Data from all over the disk: every n-th megabyte that is not zero.</summary>
    private static byte[] Sample(string image)
    {
        using var file = File.OpenHandle(image);
        var size = RandomAccess.GetLength(file);
        var buffer = new byte[1 << 20];
        using var data = new MemoryStream(SampleBytes);
        for (var step = 8L; step >= 1 && data.Length < SampleBytes; step /= 2)
        {
            data.SetLength(0);
            for (var at = 0L; at < size && data.Length < SampleBytes; at += step * buffer.Length)
            {
                var got = RandomAccess.Read(file, buffer, at);
                for (var start = 0; start + 4096 <= got; start += 4096)
                {
                    var block = buffer.AsSpan(start, 4096);
                    if (block.ContainsAnyExcept((byte)0))
                    {
                        data.Write(block);
                    }
                }
            }
        }

        return data.ToArray();
    }

    private static void Warm(byte[] data, int level)
    {
        var few = data.AsSpan(0, Math.Min(data.Length, 32 << 20)).ToArray();
        using var codec = new FrameCodec(level);
        var stored = new byte[Limits.MaxFrameStoredBytes];
        for (var i = 0; i < 3; i++)
        {
            Compress(few, codec, stored);
            Hash(few);
        }
    }

    private static double Rate(byte[] data, Action<byte[]> work)
    {
        var best = 0.0;
        for (var round = 0; round < 3; round++)
        {
            var before = Environment.CpuUsage.TotalTime;
            work(data);
            best = Math.Max(best, data.Length / (Environment.CpuUsage.TotalTime - before).TotalSeconds);
        }

        return best;
    }

    private static void Hash(byte[] data)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        for (var at = 0; at < data.Length; at += Piece)
        {
            SHA256.HashData(data.AsSpan(at, Math.Min(Piece, data.Length - at)), hash);
        }
    }

    private static void Compress(byte[] data, FrameCodec codec, byte[] stored)
    {
        for (var at = 0; at < data.Length; at += Limits.MaxFramePlainBytes)
        {
            codec.Encode(data.AsSpan(at, Math.Min(Limits.MaxFramePlainBytes, data.Length - at)), stored);
        }
    }
}
