using Caisson.Vm.Tests.Images;

namespace Caisson.Vm.Tests.Sources;

/// <summary>Images on a USB medium; a folder that is moved away stands for one that is pulled out.</summary>
public sealed class MediumTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_PC_with_the_medium_takes_the_image_from_it_and_one_whose_medium_is_pulled_out_goes_on_from_the_server()
    {
        await using var site = await Site.OpenAsync(mebibytes: 48);
        Directory.CreateDirectory(site["media"]);
        Assert.Equal(0, (await Stores.RunCliAsync("store", "copy", "--store", site.Store, "--to", site["media/stick/caisson"], "work@1")).ExitCode);
        await Stores.AssertSoundAsync(site["media/stick/caisson"]);

        await using (var pc = await site.RunPcAsync("--media", site["media"]))
        {
            Assert.Equal([$"the medium at {site["media"]}"], (await pc.WhenWholeAsync()).Keys);
            Assert.Equal(site.Disk, await File.ReadAllBytesAsync(pc.ImageFile, Ct));
        }

        // Slow enough that it is not done before the medium is pulled out; then as fast as it goes.
        await using var other = await site.EnrolAsync();
        await site.CliAsync("pc", "change", other.Id, "--fill-bytes-per-second", "4000000");
        other.Run("--media", site["media"]);
        await other.StatusAsync(status => SitePc.Sources(status).Count > 0);
        Directory.Move(site["media/stick"], site["pulled-out"]);
        await site.CliAsync("pc", "change", other.Id, "--fill-bytes-per-second", "0");
        var from = await other.WhenWholeAsync();

        Assert.Equal(site.Disk, await File.ReadAllBytesAsync(other.ImageFile, Ct));
        Assert.Equal([$"the medium at {site["media"]}", $"{site.Server.EndpointUrl}v2/work"], from.Keys.Order(StringComparer.Ordinal).Reverse());
    }
}
