using System.Text.Json;

namespace Caisson.Cli.Tests;

[Collection(nameof(CommandLine))]
public sealed class StoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("caisson-cli-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Store => this["store"];

    [Fact]
    public async Task Json_is_one_value_and_all_of_standard_output()
    {
        var imported = await ImportAsync(1);
        var listed = (await CommandLine.RunAsync("store", "list", "--store", Store, "--json")).Json;
        var (check, export) = (await CommandLine.RunAsync("store", "check", "--store", Store, "--json"), await CommandLine.RunAsync("store", "export", "--store", Store, "work@1", this["out.raw"], "--json"));

        Assert.Equal(("work", 1), (imported.GetProperty("image").GetString(), imported.GetProperty("generation").GetInt32()));
        Assert.All((string[])["image_bytes", "stored_bytes", "added_bytes", "chunks", "seconds"], name => Assert.True(imported.GetProperty(name).GetDouble() > 0, name));
        Assert.Equal(JsonValueKind.Array, listed.ValueKind);
        Assert.Equal(imported.GetProperty("digest").GetString(), Assert.Single(listed.EnumerateArray()).GetProperty("digest").GetString());
        Assert.Equal((0, true, 1), (check.ExitCode, check.Json.GetProperty("ok").GetBoolean(), check.Json.GetProperty("generations").GetInt32()));
        Assert.Equal(imported.GetProperty("image_bytes").GetInt64(), export.Json.GetProperty("image_bytes").GetInt64());
        Assert.Equal("", check.Errors + export.Errors);
        Assert.Equal(await File.ReadAllBytesAsync(this["1.raw"], Token), await File.ReadAllBytesAsync(this["out.raw"], Token));
    }

    [Fact]
    public async Task An_empty_store_lists_as_an_empty_array_and_is_sound()
    {
        await ImportAsync(1);
        File.Delete(Path.Combine(Store, "index.json"));

        Assert.Equal("[]", (await CommandLine.RunAsync("store", "list", "--store", Store, "--json")).Output.Trim());
        Assert.True((await CommandLine.RunAsync("store", "check", "--store", Store, "--json")).Json.GetProperty("ok").GetBoolean());
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("This is no disk at all.", "--format raw")]
    [InlineData("QFI\u00fb cut short", "cut short")]
    [InlineData("KDMV cut short", "cut short")]
    [InlineData("vhdxfile cut short", "cut short")]
    [InlineData("# Disk DescriptorFile\nRW 8 FLAT \"/etc/shadow\" 0", "extent")]
    public async Task An_unusable_image_is_bad_input_and_the_store_is_unchanged(string content, string says)
    {
        await ImportAsync(1);
        var before = Files();
        await File.WriteAllBytesAsync(this["foreign"], System.Text.Encoding.Latin1.GetBytes(content), Token);

        (await CommandLine.RunAsync("store", "import", "--store", Store, "--name", "work", "--json", this["foreign"])).IsRefusal(3, says);
        (await CommandLine.RunAsync("store", "import", "--store", Store, "--name", "work", this["absent"])).IsRefusal(3, "There is no file");
        (await CommandLine.RunAsync("store", "import", "--store", Store, "--name", "Not A Name", this["1.raw"])).IsRefusal(3, "a-z");
        Assert.Equal(before, Files());
    }

    [Fact]
    public async Task A_directory_of_other_things_is_no_store_and_stays_as_it_is()
    {
        WriteDisk(1);
        var before = Files();

        (await CommandLine.RunAsync("store", "import", "--store", _folder, "--name", "work", "--format", "raw", this["1.raw"])).IsRefusal(3, "Name an empty or new directory");
        Assert.Equal(before, Files());
    }

    [Fact]
    public async Task A_flipped_byte_in_any_blob_is_damage()
    {
        await ImportAsync(1);
        foreach (var blob in Directory.GetFiles(Path.Combine(Store, "blobs", "sha256")))
        {
            var bytes = await File.ReadAllBytesAsync(blob, Token);
            var damaged = (byte[])bytes.Clone();
            damaged[bytes.Length / 2] ^= 1;
            await File.WriteAllBytesAsync(blob, damaged, Token);
            var check = await CommandLine.RunAsync("store", "check", "--store", Store, "--json");
            await File.WriteAllBytesAsync(blob, bytes, Token);

            Assert.Equal((4, false), (check.ExitCode, check.Json.GetProperty("ok").GetBoolean()));
            Assert.Contains(check.Json.GetProperty("problems").EnumerateArray(), problem => problem.GetString()!.Contains(Path.GetFileName(blob), StringComparison.Ordinal));
        }

        Assert.Equal(0, (await CommandLine.RunAsync("store", "check", "--store", Store)).ExitCode);
    }

    [Fact]
    public async Task A_missing_blob_is_damage_to_every_verb_that_needs_it()
    {
        await ImportAsync(1);
        foreach (var blob in Directory.GetFiles(Path.Combine(Store, "blobs", "sha256")))
        {
            File.Move(blob, this["away"]);
            Assert.Equal(4, (await CommandLine.RunAsync("store", "check", "--store", Store)).ExitCode);
            Assert.Contains((await CommandLine.RunAsync("store", "list", "--store", Store)).ExitCode, (int[])[0, 4]);
            Assert.Equal(4, (await CommandLine.RunAsync("store", "export", "--store", Store, "work@1", this["out.raw"])).ExitCode);
            Assert.False(File.Exists(this["out.raw"]));
            File.Move(this["away"], blob);
        }
    }

    [Fact]
    public async Task A_damaged_list_of_generations_is_damage()
    {
        await ImportAsync(1);
        foreach (var text in (string[])["{", "null", "[]", """{"manifests":null}""", """{"manifests":[null]}""", """{"manifests":[{"mediaType":"x","digest":"y","size":1,"artifactType":"application/vnd.caisson.generation.v1"}]}"""])
        {
            await File.WriteAllTextAsync(Path.Combine(Store, "index.json"), text, Token);
            (await CommandLine.RunAsync("store", "list", "--store", Store)).IsRefusal(4, "");
        }
    }

    [Fact]
    public async Task A_generation_that_is_not_there_is_bad_input()
    {
        await ImportAsync(1);
        (await CommandLine.RunAsync("store", "export", "--store", Store, "work@2", this["out.raw"])).IsRefusal(3, "caisson store list");
        (await CommandLine.RunAsync("store", "export", "--store", Store, "work", this["out.raw"])).IsRefusal(3, "NAME@NUMBER");
        (await CommandLine.RunAsync("store", "delta", "--store", Store, "work@1", "other@1", "--out", this["delta"])).IsRefusal(3, "caisson store list");
        Assert.False(File.Exists(this["out.raw"]) || File.Exists(this["delta"]));
    }

    [Fact]
    public async Task Old_disk_and_delta_give_the_new_disk_and_a_wrong_base_gives_nothing()
    {
        await ImportAsync(1);
        await ImportAsync(2);
        var delta = await CommandLine.RunAsync("store", "delta", "--store", Store, "work@1", "work@2", "--out", this["delta"], "--json");
        var applied = await ApplyAsync(this["1.raw"], this["delta"], "new.raw");

        Assert.Equal(new FileInfo(this["delta"]).Length, delta.Json.GetProperty("delta_bytes").GetInt64());
        Assert.Equal(new FileInfo(this["new.raw"]).Length, applied.Json.GetProperty("image_bytes").GetInt64());
        Assert.Equal(await File.ReadAllBytesAsync(this["2.raw"], Token), await File.ReadAllBytesAsync(this["new.raw"], Token));

        (await ApplyAsync(this["2.raw"], this["delta"], "wrong.raw")).IsRefusal(3, "unchanged copy");
        (await ApplyAsync(this["absent"], this["delta"], "wrong.raw")).IsRefusal(3, "absent");
        await File.WriteAllBytesAsync(this["cut"], (await File.ReadAllBytesAsync(this["delta"], Token))[..^10], Token);
        (await ApplyAsync(this["1.raw"], this["cut"], "wrong.raw")).IsRefusal(4, "Nothing was written");
        Assert.Empty(Directory.GetFiles(_folder, "wrong*"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string this[string name] => Path.Combine(_folder, name);

    private Task<Ran> ApplyAsync(string from, string delta, string target) =>
        CommandLine.RunAsync("store", "apply", "--base", from, "--delta", delta, "--out", this[target], "--json");

    private async Task<JsonElement> ImportAsync(int version)
    {
        WriteDisk(version);
        var ran = await CommandLine.RunAsync("store", "import", "--store", Store, "--name", "work", "--format", "raw", this[$"{version}.raw"], "--json");
        Assert.Equal((0, ""), (ran.ExitCode, ran.Errors));
        return ran.Json;
    }

    /// <summary>Versions of a disk of 3 MB differ in 100 kB.</summary>
    private void WriteDisk(int version)
    {
        var disk = new byte[3_000_500];
        new Random(0).NextBytes(disk.AsSpan(0, 2_000_000));
        new Random(version).NextBytes(disk.AsSpan(500_000, 100_000));
        File.WriteAllBytes(this[$"{version}.raw"], disk);
    }

    /// <summary>Every file with its size; lock files are no part of a store.</summary>
    private string[] Files() =>
        [.. Directory.GetFiles(_folder, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal) && Path.GetFileName(file) != "foreign").Select(file => $"{file} {new FileInfo(file).Length}").Order(StringComparer.Ordinal)];
}
