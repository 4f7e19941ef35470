using System.IO.Compression;
using Caisson.ControlPlane.Data;
using Caisson.Images;
using Microsoft.EntityFrameworkCore;

namespace Caisson.Web.Tests.Seed;

/// <summary>The two newest generations of the office image, as real ones: two small systems, the second with deleted files inside.</summary>
internal static class SeededGenerations
{
    public static async Task WriteAsync(string folder, ServerDb db, CancellationToken cancellationToken)
    {
        var store = ImageStore.Open(folder);
        foreach (var (number, disk) in ((int, string)[])[(7, "before"), (8, "after")])
        {
            var raw = Path.Combine(folder, "tmp", $"{disk}.raw");
            await using (var packed = new GZipStream(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "disks", $"{disk}.img.gz")), CompressionMode.Decompress))
            {
                await using var plain = File.Create(raw);
                await packed.CopyToAsync(plain, cancellationToken);
            }

            var digest = (await store.ImportAsync(new ImportRequest { File = raw, Name = "office", Format = ImageFormat.Raw }, TimeProvider.System, null, cancellationToken)).ManifestDigest;
            File.Delete(raw);
            await db.Generations.Where(g => g.Image!.Name == "office" && g.Number == number).ExecuteUpdateAsync(set => set.SetProperty(g => g.ManifestDigest, digest), cancellationToken);
        }
    }
}
