using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Caisson.Protocol;
using Caisson.Testing;
using CsCheck;

namespace Caisson.Machines.Tests;

public sealed class CloneTests
{
    [Theory]
    [InlineData("{image}-{n}", GuestOs.Linux, @"^debian-work-[a-z2-9]{8}$")]
    [InlineData("{pc}", GuestOs.Linux, "^desk-17$")]
    [InlineData("{pc}-{workspace}", GuestOs.Linux, "^desk-17-work$")]
    [InlineData("{image}-{n}", GuestOs.Windows, @"^debian-[a-z2-9]{8}$")]
    [InlineData("4711", GuestOs.Linux, @"^ws-[a-z2-9]{8}$")]
    public void A_pattern_gives_a_name(string pattern, GuestOs os, string name) =>
        Assert.Matches(name, HostNames.From(pattern, os, "Debian Work", "work", "desk-17.example.org", Specs.Managed.MachineId));

    [Fact]
    public void Any_pattern_gives_a_name_that_a_network_takes() => Gen.Select(Gen.String, Gen.Enum<GuestOs>(), Gen.Guid).Sample((text, os, id) =>
    {
        var name = HostNames.From(text + "{n}", os, text, "work", text, id);
        return name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') && name[0] != '-' && name[^1] != '-' && name.Length <= (os == GuestOs.Windows ? 15 : 63)
            && name == HostNames.From(text + "{n}", os, text, "work", text, id);
    });

    [Fact]
    public void What_does_not_fit_is_refused_and_equal_files_give_equal_bytes()
    {
        Assert.Throws<ArgumentException>(() => FatImage.Make("cidata", [("large", new byte[FatImage.Bytes])]));
        Assert.Throws<ArgumentException>(() => FatImage.Make("cidata", [.. Enumerable.Range(0, 100).Select(i => ($"file number {i}", (byte[])[1]))]));
        Assert.Equal(FatImage.Make("cidata", [("a", [1])]), FatImage.Make("cidata", [("a", [1])]));
    }

    [Fact]
    public void A_clone_is_told_the_same_at_every_start_and_another_clone_something_else()
    {
        using var here = new TestFolder();
        using var there = new TestFolder();
        byte[] Told(TestFolder folder, Guid machine)
        {
            var paths = new WorkspacePaths(folder.Path, folder.Path);
            ConfigDrive.Prepare(Specs.Secure with { MachineId = machine }, paths);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(paths.HostKey));
            return File.ReadAllBytes(paths.ConfigDrive);
        }

        var machine = Guid.NewGuid();
        Assert.Equal(Told(here, machine), Told(here, machine));
        Assert.NotEqual(Told(here, machine), Told(there, Guid.NewGuid()));
    }

    [Fact]
    public void What_Linux_is_told_is_cloud_config()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var files = CloneIdentity.Files(Specs.Secure, key).ToDictionary(f => f.Name, f => Encoding.UTF8.GetString(f.Content));
        Assert.Equal("caisson-6f1d2c4e-8a3b-4c5d-9e7f-0a1b2c3d4e5f", (string?)JsonNode.Parse(files["meta-data"])!["instance-id"]);
        Assert.StartsWith("#cloud-config\n", files["user-data"], StringComparison.Ordinal);
        var told = JsonNode.Parse(files["user-data"]["#cloud-config\n".Length..])!;
        Assert.Equal("work-abcdefgh", (string?)told["hostname"]);
    }

    [Fact]
    public void What_Windows_is_told_is_the_golden_answer_file()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (name, content) = Assert.Single(CloneIdentity.Files(Specs.Windows, key));
        Assert.Equal("Unattend.xml", name);
        Golden.Check("tests/unit/Caisson.Machines.Tests/golden/Unattend.xml", Encoding.UTF8.GetString(content));
    }
}
