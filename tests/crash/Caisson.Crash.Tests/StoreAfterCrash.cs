using Caisson.Images;

namespace Caisson.Crash.Tests;

/// <summary>A store after a power cut, met as the next command meets it.</summary>
internal static class StoreAfterCrash
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Opens it: sound, with all that was promised, and each generation has the bytes it was made from.</summary>
    /// <param name="promised">Generations that were acknowledged, as NAME@NUMBER.</param>
    /// <param name="diskOf">The disk behind a number.</param>
    /// <returns>Null: it was not even begun.</returns>
    public static async Task<(ImageStore Store, IReadOnlyList<StoredGeneration> Generations)?> OpenAsync(string mount, IReadOnlySet<string> promised, Func<int, byte[]> diskOf)
    {
        var directory = Path.Combine(mount, "store");
        if (!Directory.Exists(directory) && promised.Count == 0)
        {
            return null;
        }

        var store = ImageStore.Open(directory);
        await IsSoundAsync(store);
        var generations = store.List();
        Assert.Empty(promised.Where(name => name.Contains('@', StringComparison.Ordinal)).Except(generations.Select(generation => generation.ToString())));
        foreach (var generation in generations)
        {
            await HasAsync(store, generation, diskOf(generation.Number));
        }

        return (store, generations);
    }

    /// <summary>The store still takes the next import, and is sound afterwards.</summary>
    public static async Task<StoredGeneration> ImportAsync(ImageStore store, string file, int expectedNumber)
    {
        var stored = await store.ImportAsync(new ImportRequest { File = file, Name = "work", Format = ImageFormat.Raw }, TimeProvider.System, null, Token);
        Assert.Equal(expectedNumber, stored.Number);
        await IsSoundAsync(store);
        return stored;
    }

    public static async Task HasAsync(ImageStore store, StoredGeneration generation, byte[] disk)
    {
        var file = Path.Combine(store.Directory, "..", "out.raw");
        await store.ExportAsync(generation.ManifestDigest, file, TimeProvider.System, null, Token);
        Assert.True((await File.ReadAllBytesAsync(file, Token)).AsSpan().SequenceEqual(disk), $"{generation} has other bytes than were imported.");
    }

    private static async Task IsSoundAsync(ImageStore store) => Assert.Empty((await store.CheckAsync(TimeProvider.System, null, Token)).Problems);
}
