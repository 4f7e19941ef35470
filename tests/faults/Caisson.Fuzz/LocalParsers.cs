using System.Text;
using System.Text.Json;
using Caisson.Chunks;
using Caisson.Images;

namespace Caisson.Fuzz;

/// <summary>Files in the directories of images and stores: written here, and perhaps by a failing disk. The boot profile comes from other PCs too.</summary>
internal static class LocalParsers
{
    private const long SpoolOffset = 4000;
    private const string Boot = "6f9619ff-8b86-d011-b42d-00c04fc964ff";

    private static readonly ImportKey Key = new(1, "/disk.raw", "1-2-3", ImageFormat.Raw, 3, false, []);
    private static readonly ChunkId SpooledBlob = ChunkId.Of("delta"u8);
    private static readonly ImageIndex Index = ChunkParsers.SampleIndex();

    public static Parser BootProfile { get; } = new("boot-profile", ParseBootProfile, () => [SampleProfile()]);

    public static Parser Care { get; } = new("image-care", ParseCare, () => [SampleCare()]);

    /// <summary>All lines of a journal but the first, which says what is imported.</summary>
    public static Parser Journal { get; } = new("import-journal", ParseJournal, () => [SampleJournal()]);

    /// <summary>A spool file behind the digest of its blob.</summary>
    public static Parser Spool { get; } = new("delta-spool", ParseSpool, () => [[.. BitConverter.GetBytes(SpoolOffset), 1, 2, 3], [.. BitConverter.GetBytes(SpoolOffset - 2), .. new byte[500]]]);

    private static bool ParseBootProfile(byte[] bytes)
    {
        try
        {
            var profile = BootProfileFormat.Decode([.. bytes, .. IdBytes(ChunkId.Of(bytes))]);
            Parsers.Require(profile.FramesIn(Index).All(frame => frame >= 0 && frame < Index.Frames.Length), "A profile names a frame that is none.");
            Parsers.Require(BootProfileFormat.Decode(BootProfileFormat.Encode(profile)).Entries.SequenceEqual(profile.Entries), "What was read cannot be written and read again.");
            return true;
        }
        catch (ChunkException)
        {
            return false;
        }
    }

    private static bool ParseCare(byte[] bytes)
    {
        using var file = new ScratchFile(bytes);
        var care = ImageCare.TryLoad(file.Path);
        Parsers.Require(!ImageCare.MayTrust(care, "another boot") || care is { IsPutAway: true }, "A file that was not put away is trusted after another boot.");
        return care is not null;
    }

    private static bool ParseJournal(byte[] bytes)
    {
        var folder = Directory.CreateTempSubdirectory("caisson-fuzz-").FullName;
        try
        {
            File.WriteAllBytes(Path.Combine(folder, "journal"), [.. JsonSerializer.SerializeToUtf8Bytes(Key, ImportJson.Default.ImportKey), (byte)'\n', .. bytes]);
            using var journal = ImportJournal.TryResume(folder, Key);
            if (journal is null)
            {
                return false;
            }

            Parsers.Require(journal.At.Position >= 0, "An import goes on before its beginning.");
            foreach (var (mark, number) in ((RowMark[])[journal.At.Ledger.Chunks, journal.At.Ledger.Extents, journal.At.Ledger.Known, journal.At.Ledger.Frames, journal.At.Ledger.Packs]).Select((mark, number) => (mark, number)))
            {
                RowFile.Open(Path.Combine(folder, $"rows-{number}"), 12, mark).Dispose();
            }

            return true;
        }
        catch (InvalidDataException)
        {
            return false;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static bool ParseSpool(byte[] bytes)
    {
        var folder = Directory.CreateTempSubdirectory("caisson-fuzz-").FullName;
        try
        {
            var spool = new DeltaSpool(folder, TimeProvider.System);
            File.WriteAllBytes(spool.Run, [.. IdBytes(SpooledBlob), .. bytes]);
            var (buffer, fetched) = (new byte[64], 0);
            spool.ReadAsync(spool.Run, SpooledBlob.Digest, SpoolOffset, buffer, (offset, part) =>
            {
                Parsers.Require(offset == SpoolOffset + buffer.Length - part.Length, "What is fetched is not what is missing.");
                part.Span.Fill(0xAA);
                fetched += part.Length;
                return Task.FromResult(part.Length);
            }).GetAwaiter().GetResult();

            // Asked again, all of it is there.
            var again = new byte[buffer.Length];
            spool.ReadAsync(spool.Run, SpooledBlob.Digest, SpoolOffset, again, (_, _) => throw new InvalidOperationException("What was kept is fetched again.")).GetAwaiter().GetResult();
            Parsers.Require(again.AsSpan().SequenceEqual(buffer), "What was kept comes back changed.");
            return fetched < buffer.Length;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static byte[] SampleProfile() =>
        BootProfileFormat.Encode(new BootProfile(3, [new ContentEntry(0, 40_960, Index.Chunks[0].Id), new ContentEntry(262_144, 29_520, Index.Chunks[3].Id)]))[..^ChunkId.Size];

    private static byte[] SampleCare()
    {
        var care = new ImageCare { Boot = Boot, IsTrusted = true, ScrubExtent = 3, PassBegan = DateTimeOffset.UnixEpoch };
        using var file = new ScratchFile([]);
        care.Save(file.Path);
        return File.ReadAllBytes(file.Path);
    }

    private static byte[] SampleJournal() =>
        Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(1, 2).Select(state => JsonSerializer.Serialize(new ImportState(state << 24, LedgerMark.Empty), ImportJson.Default.ImportState) + "\n")));

    private static byte[] IdBytes(ChunkId id)
    {
        var bytes = new byte[ChunkId.Size];
        id.WriteTo(bytes);
        return bytes;
    }
}
