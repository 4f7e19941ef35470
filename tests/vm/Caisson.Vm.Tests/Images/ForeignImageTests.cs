using System.Buffers.Binary;
using Caisson.Images;
using Caisson.Testing;

namespace Caisson.Vm.Tests.Images;

/// <summary>Images from outside, made by the real qemu-img: the good ones come in byte for byte, the hostile ones are refused.</summary>
public sealed class ForeignImageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("caisson-foreign-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("qcow2", "")]
    [InlineData("vmdk", "")]
    [InlineData("vmdk", "subformat=streamOptimized")]
    [InlineData("vhdx", "")]
    public async Task A_foreign_image_comes_in_byte_for_byte(string format, string options)
    {
        var disk = await MakeDiskAsync();
        await Command.RunAsync("qemu-img", ["convert", "-f", "raw", "-O", format, .. options.Length > 0 ? ["-o", options] : Array.Empty<string>(), this["disk.raw"], this["image"]], Token);

        var store = ImageStore.Open(this["store"]);
        var generation = await store.ImportAsync(new ImportRequest { File = this["image"], Name = "work" }, TimeProvider.System, null, Token);
        await store.ExportAsync(generation.ManifestDigest, this["out.raw"], TimeProvider.System, null, Token);

        var exported = await File.ReadAllBytesAsync(this["out.raw"], Token);
        Assert.Equal(disk, exported.AsSpan(0, disk.Length).ToArray());
        Assert.False(exported.AsSpan(disk.Length).ContainsAnyExcept((byte)0));
    }

    [Fact]
    public async Task An_image_that_names_another_file_is_refused()
    {
        await MakeDiskAsync();
        await File.WriteAllTextAsync(this["secret"], "secret of the host", Token);
        await Command.RunAsync("qemu-img", ["create", "-f", "qcow2", "-b", this["disk.raw"], "-F", "raw", this["backed.qcow2"]], Token);
        await Command.RunAsync("qemu-img", ["create", "-f", "qcow2", "-o", $"data_file={this["data.bin"]}", this["data.qcow2"], "4M"], Token);
        await Command.RunAsync("qemu-img", ["create", "-f", "qcow2", "-u", "-b", "json:{\"driver\":\"raw\",\"file\":{\"driver\":\"file\",\"filename\":\"" + this["secret"] + "\"}}", "-F", "raw", this["json.qcow2"], "4M"], Token);
        await Command.RunAsync("qemu-img", ["create", "-f", "vmdk", "-o", "subformat=monolithicFlat", this["flat.vmdk"], "4M"], Token);
        await Command.RunAsync("qemu-img", ["create", "-f", "vmdk", this["parent.vmdk"], "4M"], Token);
        await Command.RunAsync("qemu-img", ["create", "-f", "vmdk", "-b", this["parent.vmdk"], "-F", "vmdk", this["child.vmdk"]], Token);
        await Command.RunAsync("qemu-img", ["create", "-f", "vhdx", this["parent.vhdx"], "4M"], Token);
        await SetVhdxParentAsync(this["parent.vhdx"]);

        foreach (var (file, word) in new[] { ("backed.qcow2", "backing"), ("data.qcow2", "another file"), ("json.qcow2", "backing"), ("flat.vmdk", "extent"), ("child.vmdk", "parent"), ("parent.vhdx", "parent") })
        {
            Assert.Contains(word, (await RefusedAsync(this[file])).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Truncated_empty_unknown_and_huge_images_are_refused()
    {
        await MakeDiskAsync();
        await File.WriteAllBytesAsync(this["empty"], [], Token);
        await File.WriteAllTextAsync(this["text"], "This is no disk.", Token);
        foreach (var format in new[] { "qcow2", "vmdk", "vhdx" })
        {
            await Command.RunAsync("qemu-img", ["convert", "-f", "raw", "-O", format, this["disk.raw"], this["whole"]], Token);
            var bytes = await File.ReadAllBytesAsync(this["whole"], Token);
            foreach (var length in new[] { 10, 100, 600, 70_000, 200_000 })
            {
                await File.WriteAllBytesAsync(this["cut"], bytes[..Math.Min(length, bytes.Length / 2)], Token);
                await RefusedAsync(this["cut"]);
            }
        }

        await Command.RunAsync("qemu-img", ["create", "-f", "qcow2", this["huge.qcow2"], "4M"], Token);
        var huge = await File.ReadAllBytesAsync(this["huge.qcow2"], Token);
        BinaryPrimitives.WriteUInt64BigEndian(huge.AsSpan(24), 1UL << 63);
        await File.WriteAllBytesAsync(this["huge.qcow2"], huge, Token);
        Assert.Contains("range", (await RefusedAsync(this["huge.qcow2"])).Message, StringComparison.Ordinal);
        Assert.Contains("empty", (await RefusedAsync(this["empty"])).Message, StringComparison.Ordinal);
        Assert.Contains("--format raw", (await RefusedAsync(this["text"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_raw_disk_that_begins_as_a_qcow2_image_stays_raw_bytes_when_named_raw()
    {
        await MakeDiskAsync();
        await Command.RunAsync("qemu-img", ["create", "-f", "qcow2", "-b", this["disk.raw"], "-F", "raw", this["trap"]], Token);
        var store = ImageStore.Open(this["store"]);

        var generation = await store.ImportAsync(new ImportRequest { File = this["trap"], Name = "work", Format = ImageFormat.Raw }, TimeProvider.System, null, Token);
        await store.ExportAsync(generation.ManifestDigest, this["out.raw"], TimeProvider.System, null, Token);

        Assert.Equal(await File.ReadAllBytesAsync(this["trap"], Token), await File.ReadAllBytesAsync(this["out.raw"], Token));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string this[string name] => Path.Combine(_folder, name);

    private async Task<ImageStoreException> RefusedAsync(string file)
    {
        var refused = await Assert.ThrowsAsync<ImageStoreException>(() =>
            ImageStore.Open(this["store"]).ImportAsync(new ImportRequest { File = file, Name = "work" }, TimeProvider.System, null, Token));
        Assert.Equal(ImageStoreError.BadInput, refused.Error);
        Assert.Empty(ImageStore.Open(this["store"]).List());
        return refused;
    }

    private async Task<byte[]> MakeDiskAsync()
    {
        var disk = new byte[8 << 20];
        var random = new Random(1);
        random.NextBytes(disk.AsSpan(0, 3 << 20));
        random.NextBytes(disk.AsSpan(6 << 20, 100_000));
        await File.WriteAllBytesAsync(this["disk.raw"], disk, Token);
        return disk;
    }

    private static async Task SetVhdxParentAsync(string file)
    {
        var bytes = await File.ReadAllBytesAsync(file, Token);
        var entry = bytes.AsSpan().IndexOf(new Guid("caa16737-fa36-4d43-b3b6-33f0aa44e76b").ToByteArray());
        var region = bytes.AsSpan().IndexOf("metadata"u8);
        bytes[region + BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(entry + 16)) + 4] |= 2;
        await File.WriteAllBytesAsync(file, bytes, Token);
    }
}
