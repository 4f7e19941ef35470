namespace Caisson.Chunks.Tests;

/// <summary>The row-by-row writer and reader against the ones that hold an index whole.</summary>
public sealed class ImageIndexStreamTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2000)]
    public void Row_by_row_gives_the_same_bytes_and_reads_the_same_rows(int chunks)
    {
        var index = ImageIndexTests.Make(chunks, seed: 5);
        using (var file = File.Create(_path))
        using (var writer = new ImageIndexWriter(file, index.ImageBytes, index.Packs.Length, index.Frames.Length, index.Chunks.Length, index.Extents.Length))
        {
            index.Packs.ToList().ForEach(writer.Pack);
            index.Frames.ToList().ForEach(writer.Frame);
            index.Chunks.ToList().ForEach(writer.Chunk);
            index.Extents.ToList().ForEach(writer.Extent);
            Assert.Equal(index.Encode().Length, writer.Finish());
        }

        var bytes = File.ReadAllBytes(_path);
        Assert.Equal(index.Encode(), bytes);
        using var read = ImageIndexFile.Open(_path, ChunkId.Of(bytes));
        Assert.Equal(index.Packs, Enumerable.Range(0, read.PackCount).Select(read.Pack));
        Assert.Equal(index.Frames, Enumerable.Range(0, read.FrameCount).Select(read.Frame));
        Assert.Equal(index.Chunks, Enumerable.Range(0, read.ChunkCount).Select(read.Chunk));
        Assert.Equal(index.Chunks.Select(chunk => chunk.Id), read.ChunkIds());
    }

    [Fact]
    public void Other_bytes_than_the_name_says_are_refused()
    {
        var bytes = ImageIndexTests.Make(100, seed: 6).Encode();
        var id = ChunkId.Of(bytes);
        bytes[200] ^= 1;
        File.WriteAllBytes(_path, bytes);
        Assert.Throws<ChunkException>(() => ImageIndexFile.Open(_path, id));
    }

    [Fact]
    public void A_writer_that_was_given_fewer_rows_than_it_promised_does_not_end()
    {
        using var writer = new ImageIndexWriter(new MemoryStream(), 4096, 1, 0, 0, 0);
        Assert.Throws<InvalidOperationException>(() => writer.Finish());
        Assert.Throws<ChunkException>(() => new ImageIndexWriter(new MemoryStream(), 4096, 0, 0, int.MaxValue, int.MaxValue));
    }

    public void Dispose() => File.Delete(_path);
}
