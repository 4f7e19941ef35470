using System.Globalization;
using Caisson.Chunks;
using Caisson.ControlPlane.Data;
using Caisson.Images;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Verbs;

/// <summary>check, repair and gc: care of the store, beside a running server or without one.</summary>
internal static class StoreVerbs
{
    public static async Task CheckAsync(Arguments arguments, TimeProvider time, CancellationToken cancellationToken)
    {
        var (folder, store) = Open(arguments);
        var found = await store.CheckAsync(time, progress: null, cancellationToken);
        var unnamed = (await GenerationsAsync(folder, cancellationToken)).Where(g => store.Resolve(g.Image!.Name, Tag(g)) != g.ManifestDigest)
            .Select(g => $"Generation {g.Number} of '{g.Image!.Name}' is not in the store's index.json. 'caisson-server repair' puts it back.");
        List<string> problems = [.. found.Problems, .. unnamed];
        if (problems.Count > 0)
        {
            throw new VerbException(ExitCode.Damaged, string.Join('\n', problems));
        }

        System.Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Sound: {found.Generations} generations, {found.Blobs} blobs, {found.Bytes} bytes."));
    }

    public static async Task CollectGarbageAsync(Arguments arguments, TimeProvider time, CancellationToken cancellationToken)
    {
        var isDry = arguments.Flag("dry-run");
        var (_, store) = Open(arguments);
        var freed = await store.CollectGarbageAsync(isDry, time, progress: null, cancellationToken);
        System.Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(isDry ? "Would free" : "Freed")} {freed.Bytes} bytes: {freed.Blobs} blobs. {freed.KeptBlobs} more are being pushed or read and stay."));
    }

    public static async Task RepairAsync(Arguments arguments, TimeProvider time, CancellationToken cancellationToken)
    {
        IReadOnlyList<IBlobSource> sources = arguments.Option("from") is not { } from ? []
            : File.Exists(Path.Combine(from, "oci-layout")) ? [new DirectoryBlobSource(ImageStore.Open(from))]
            : throw new VerbException(ExitCode.BadInput, $"There is no store in '{from}'. Name the folder with 'oci-layout' in it, for example the 'store' folder of a backup.");
        var (folder, store) = Open(arguments);
        var generations = await GenerationsAsync(folder, cancellationToken);
        var done = await store.RepairAsync(sources, [.. generations.Select(g => g.ManifestDigest)], time, progress: null, cancellationToken);
        foreach (var generation in generations)
        {
            await NameAsync(store, generation, cancellationToken);
        }

        foreach (var sentence in done.Repaired)
        {
            System.Console.WriteLine(sentence);
        }

        if (done.Left.Count > 0)
        {
            throw new VerbException(ExitCode.Damaged, string.Join('\n', done.Left));
        }

        System.Console.WriteLine(done.Repaired.Count == 0 ? "Nothing was damaged." : "Sound now.");
    }

    /// <summary>An index.json that was made anew has the numbers generations were imported under; the database has those they were published under.</summary>
    private static async Task NameAsync(ImageStore store, Generation generation, CancellationToken cancellationToken)
    {
        if (store.Resolve(generation.Image!.Name, Tag(generation)) == generation.ManifestDigest)
        {
            return;
        }

        try
        {
            store.ReadManifest(generation.ManifestDigest);
            var bytes = await File.ReadAllBytesAsync(store.BlobPath(generation.ManifestDigest), cancellationToken);
            await store.PutManifestAsync(bytes, generation.Image.Name, Tag(generation), cancellationToken);
        }
        catch (ChunkException)
        {
            // Lost, or a blob it names is; the repair has said so.
        }
    }

    private static string Tag(Generation generation) => generation.Number.ToString(CultureInfo.InvariantCulture);

    private static async Task<List<Generation>> GenerationsAsync(DataFolder folder, CancellationToken cancellationToken)
    {
        await using var db = await ServerDatabase.OpenAsync(folder, cancellationToken);
        return await db.Generations.AsNoTracking().Include(g => g.Image).ToListAsync(cancellationToken);
    }

    private static (DataFolder Folder, ImageStore Store) Open(Arguments arguments)
    {
        var folder = new DataFolder(arguments.Required("data"));
        arguments.End();
        ServerConfig.Load(folder);
        return (folder, ImageStore.Open(folder.Store));
    }
}
