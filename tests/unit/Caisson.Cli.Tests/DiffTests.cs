using System.IO.Compression;

namespace Caisson.Cli.Tests;

[Collection(nameof(CommandLine))]
public sealed class DiffTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("caisson-cli-").FullName;

    private string Store => Path.Combine(_folder, "store");

    [Fact]
    public async Task A_difference_begins_with_the_sentence_that_says_it_all()
    {
        await ImportAsync("before");
        await ImportAsync("after");
        var text = await CommandLine.RunAsync("store", "diff", "--store", Store, "work@1", "work@2");
        var json = await CommandLine.RunAsync("store", "diff", "--store", Store, "work@1", "work@2", "--json");

        Assert.Equal(0, text.ExitCode);
        Assert.StartsWith("1 package upgraded, 1 added", text.Output, StringComparison.Ordinal);
        Assert.Contains("upgraded    browser 1:128.3.0-1 → 1:128.4.0-1", text.Output, StringComparison.Ordinal);
        Assert.Equal(text.Output.Split('\n')[0], json.Json.GetProperty("changes").GetProperty("summary").GetString());
        (await CommandLine.RunAsync("store", "diff", "--store", Store, "work@1", "work@3")).IsRefusal(3, "caisson store list");
    }

    [Fact]
    public async Task An_import_says_what_deleted_files_cost_and_trim_leaves_them_out()
    {
        var said = await ImportAsync("ext4");
        var trimmed = await ImportAsync("ext4", "--trim");

        Assert.InRange(said.Json.GetProperty("stale_bytes").GetInt64(), 4_400_000, 4_500_000);
        Assert.Equal((0L, said.Json.GetProperty("stale_bytes").GetInt64()), (trimmed.Json.GetProperty("stale_bytes").GetInt64(), trimmed.Json.GetProperty("left_out_bytes").GetInt64()));
        Assert.Contains("were left out", trimmed.Errors, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<Ran> ImportAsync(string disk, params string[] options)
    {
        var raw = Path.Combine(_folder, $"{disk}.raw");
        await using (var packed = new GZipStream(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "disks", $"{disk}.img.gz")), CompressionMode.Decompress))
        {
            await using var plain = File.Create(raw);
            await packed.CopyToAsync(plain, TestContext.Current.CancellationToken);
        }

        var ran = await CommandLine.RunAsync(["store", "import", "--store", Store, "--name", "work", .. options, "--json", raw]);
        Assert.Equal(0, ran.ExitCode);
        return ran;
    }
}
