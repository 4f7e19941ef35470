using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>Boot profiles: what this image learns while a guest starts from it, and what it knows from others.</summary>
public sealed partial class SelfFillingImage
{
    /// <summary>Beyond this, writing down what is read would take more memory than it is worth.</summary>
    private const long LargestProfiledImage = 1L << 40;

    /// <summary>
    /// In which order the disk was read since it was opened; recording ends with this. Null: nothing was recorded, because the image was
    /// complete when it was opened, or because this was asked before.
    /// </summary>
    public BootProfile? TakeBootProfile()
    {
        var touches = Interlocked.Exchange(ref _touches, null);
        return touches is null ? null : BootProfile.Of(_index, touches.Offsets, FirstTouches.GrainBytes);
    }

    /// <summary>Its own profile if it has one, else the source's, else that of another generation on this disk. Whatever goes wrong, there is none.</summary>
    private async Task<BootProfile?> FindProfileAsync(IReadOnlyList<string> seeds, CancellationToken cancellationToken)
    {
        if (TryReadProfile(_files.BootProfile) is { } own)
        {
            return own;
        }

        try
        {
            if (await StoredBootProfile.FindAsync(_source, _manifest.Digest, cancellationToken).ConfigureAwait(false) is { } stored)
            {
                _fetcher.CountWire(stored.Blob.Size);
                WholeFile.Write(_files.BootProfile, BootProfileFormat.Encode(stored.Profile));
                return stored.Profile;
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested || e is not OperationCanceledException)
        {
            // Whatever it was: a hint that cannot be had, and the order is that of the packs then.
        }

        return seeds.Select(seed => TryReadProfile(new ImageFiles(seed).BootProfile)).FirstOrDefault(profile => profile is not null);
    }

    private static BootProfile? TryReadProfile(string file)
    {
        try
        {
            return File.Exists(file) && new FileInfo(file).Length <= BootProfileFormat.MaxBytes ? BootProfileFormat.Decode(File.ReadAllBytes(file)) : null;
        }
        catch (Exception e) when (e is ChunkException or IOException)
        {
            return null;
        }
    }
}
