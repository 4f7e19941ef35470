using Caisson.Images;

namespace Caisson.Testing;

/// <summary>A store with both <see cref="SampleDisks"/> as generations of "work".</summary>
public sealed record Published(ImageStore Store, StoredGeneration Old, StoredGeneration New)
{
    /// <param name="folder">The store is made in it, beside a scratch file.</param>
    public static async Task<Published> CreateAsync(string folder, CancellationToken cancellationToken)
    {
        var store = ImageStore.Open(Path.Combine(folder, "published"));
        return new Published(store, await ImportAsync(store, folder, SampleDisks.Old, cancellationToken), await ImportAsync(store, folder, SampleDisks.New, cancellationToken));
    }

    /// <summary>Takes the bytes of a disk into a store as the next generation of "work".</summary>
    public static async Task<StoredGeneration> ImportAsync(ImageStore store, string folder, byte[] disk, CancellationToken cancellationToken)
    {
        var file = Path.Combine(folder, "disk.raw");
        await File.WriteAllBytesAsync(file, disk, cancellationToken);
        return await store.ImportAsync(new ImportRequest { File = file, Name = "work", Format = ImageFormat.Raw }, TimeProvider.System, null, cancellationToken);
    }
}
