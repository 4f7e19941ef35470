namespace Caisson.Images;

/// <summary>
/// Notices who reads absent bytes in the order of the packs, which is mostly the order of the disk, and says how many frames beyond are worth
/// asking for now: with each step twice as many, so that a far source's delay is not paid for each. What is not in order asks for nothing more.
/// </summary>
internal sealed class ReadAhead
{
    private const int Readers = 8;
    private const int MostFrames = 4;

    private readonly Lock _gate = new();

    /// <summary>The frame at which each reader would miss next, and how much it was given; the one seen last is first.</summary>
    private readonly LinkedList<(int Next, int Frames)> _readers = new(Enumerable.Repeat((-1, 0), Readers));

    /// <returns>How many frames after the last are worth asking for.</returns>
    public int Missed(int firstFrame, int lastFrame)
    {
        lock (_gate)
        {
            var reader = _readers.First;
            while (reader is not null && reader.Value.Next != firstFrame)
            {
                reader = reader.Next;
            }

            var frames = reader is null ? 0 : Math.Clamp(reader.Value.Frames * 2, 1, MostFrames);
            _readers.Remove(reader ?? _readers.Last!);
            _readers.AddFirst((lastFrame + frames + 1, frames));
            return frames;
        }
    }
}
