using Caisson.Protocol.Api;

namespace Caisson.Images.Tests;

public sealed class ComparisonTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task A_generation_is_told_from_the_one_before_in_words()
    {
        var changes = await CompareAsync("before", "after");

        Assert.Equal("1 package upgraded, 1 added, 1 removed, 1 downgraded, 1 service enabled, 1 disabled, 1 masked, 1 account added, 1 removed, 2 changed, new kernel 6.12.48-amd64; less than 1 MB of files changed.", changes.Summary);
        Assert.Equal([new PackageChange("browser", "1:128.3.0-1", "1:128.4.0-1")], changes.Packages!.Upgraded);
        Assert.Equal([new PackageChange("libc6", "2.41-12", "2.41-11")], changes.Packages.Downgraded);
        Assert.Equal([new PackageChange("viewer", null, "2.0")], changes.Packages.Added);
        Assert.Equal([new PackageChange("editor", "9.1-2", null)], changes.Packages.Removed);
        Assert.Equal(("ssh.service", "cups.service", "apt-daily.timer"), (changes.Services!.Enabled.Single(), changes.Services.Disabled.Single(), changes.Services.Masked.Single()));
        Assert.Equal(("scanner", "games"), (changes.Accounts!.Added.Single(), changes.Accounts.Removed.Single()));
        Assert.Equal(["user: shell /bin/bash → /bin/zsh", "user joined the group sudo"], changes.Accounts.Changed);
        Assert.Equal(["6.12.47-amd64", "6.12.48-amd64"], changes.Kernel!.To);
        Assert.Equal([new FileChange("/EFI/BOOT/BOOTX64.EFI", FileChangeKind.Changed, 20_000, 24_000)], changes.Boot);
        Assert.Empty(changes.NotLookedInto);
    }

    [Fact]
    public async Task Files_are_counted_by_area_and_the_largest_named()
    {
        var files = (await CompareAsync("before", "after")).Files!;
        Assert.Equal((3, 3, 5, 1), (files.Added, files.Removed, files.Changed, files.Permissions));
        Assert.Equal("/usr", files.Areas[0].Path);
        Assert.Equal((1, 2, 1, 72_000L), (files.Areas[0].Added, files.Areas[0].Removed, files.Areas[0].Changed, files.Areas[0].Bytes));
        Assert.Equal(new FileChange("/usr/bin/browser", FileChangeKind.Changed, 60_000, 60_000), files.Largest[0]);
        Assert.DoesNotContain("/usr/bin/ssl", files.Largest.Select(file => file.Path));
    }

    [Fact]
    public void What_somebody_asked_for_is_named_before_what_came_with_it()
    {
        static string Package(string name, string version) => $"Package: {name}\nStatus: install ok installed\nVersion: {version}\n\n";
        var changes = Packages.Compare(Packages.Parse("", ""), Packages.Parse(Package("libwriter", "1") + Package("writer", "4:7"), "Package: libwriter\nAuto-Installed: 1\n"));
        Assert.Equal([new PackageChange("writer", null, "4:7"), new PackageChange("libwriter", null, "1", IsAutomatic: true)], changes.Added);
    }

    [Fact]
    public async Task Passwords_are_in_no_word_of_it()
    {
        var changes = await CompareAsync("before", "after");
        Assert.DoesNotContain("HASH", System.Text.Json.JsonSerializer.Serialize(new GenerationComparison { From = "a", To = "b", State = ComparisonState.Ready, Changes = changes }, ApiJson.Default.GenerationComparison), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_disk_twice_is_no_change()
    {
        var changes = await CompareAsync("before", "before");
        Assert.Equal("No package changed, no service changed, no account changed; no file changed.", changes.Summary);
        Assert.Equal((0, 0L), (changes.Packages!.Count, changes.Disk.DifferentBytes));
    }

    [Fact]
    public async Task A_disk_that_cannot_be_looked_into_says_so_and_how_much_differs()
    {
        var (store, first) = await TestDisk.ImportAsync(_folder, TestDisk.Content(1));
        var (_, second) = await TestDisk.ImportAsync(_folder, TestDisk.Updated(TestDisk.Content(1), 2));
        var changes = await new ImageComparison(store, TimeProvider.System, null).RunAsync(first, second, TestContext.Current.CancellationToken);
        Assert.Matches("^([0-9.]+|Less than 1) MB of the disk differ\\.$", changes.Summary);
        Assert.Contains("no Linux system", Assert.Single(changes.NotLookedInto), StringComparison.Ordinal);
        Assert.Null(changes.Files);
    }

    [Fact]
    public async Task Moved_files_are_the_same_files()
    {
        // The same tree, with other blocks in another order.
        var files = (await CompareAsync("groups", "inline")).Files!;
        Assert.Equal((0, 0, 0, 0), (files.Changed, files.Added, files.Removed, files.Permissions));
    }

    [Theory]
    [InlineData("1.0-1", "1.0-2")]
    [InlineData("1.0~rc1-1", "1.0-1")]
    [InlineData("1.9", "1.10")]
    [InlineData("2.0", "1:1.0")]
    [InlineData("1.0", "1.0+deb12u1")]
    [InlineData("1.0a", "1.0+b")]
    [InlineData("252.38-1~deb12u1", "252.39-1~deb12u1")]
    [InlineData("1.0", "1.0.1")]
    [InlineData("", "0a")]
    public void Versions_are_ordered_as_Debian_orders_them(string lower, string higher)
    {
        Assert.True(DebianVersion.Compare(lower, higher) < 0);
        Assert.True(DebianVersion.Compare(higher, lower) > 0);
        Assert.Equal(0, DebianVersion.Compare(lower, lower));
    }

    public void Dispose() => _folder.Dispose();

    private async Task<ImageChanges> CompareAsync(string before, string after)
    {
        var (from, to) = (await TestImages.ImportAsync(_folder, before), await TestImages.ImportAsync(_folder, after));
        return await new ImageComparison(ImageStore.Open(_folder["store"]), TimeProvider.System, null).RunAsync(from, to, TestContext.Current.CancellationToken);
    }
}
