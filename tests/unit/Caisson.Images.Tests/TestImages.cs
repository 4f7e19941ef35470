using System.IO.Compression;

namespace Caisson.Images.Tests;

/// <summary>The small real disks of tests/disks.</summary>
internal static class TestImages
{
    public static async Task<string> UnpackAsync(TestFolder folder, string name)
    {
        var file = folder[$"{name}.raw"];
        await using var packed = new GZipStream(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "disks", $"{name}.img.gz")), CompressionMode.Decompress);
        await using var plain = File.Create(file);
        await packed.CopyToAsync(plain, TestContext.Current.CancellationToken);
        return file;
    }

    public static async Task<StoredGeneration> ImportAsync(TestFolder folder, string name, bool trim = false, string image = "work") =>
        await ImageStore.Open(folder["store"]).ImportAsync(
            new ImportRequest { File = await UnpackAsync(folder, name), Name = image, Format = ImageFormat.Raw, Trim = trim }, TimeProvider.System, null, TestContext.Current.CancellationToken);
}
