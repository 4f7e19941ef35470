using System.Net;
using Caisson.Vm.Tests.Server;

namespace Caisson.Vm.Tests.Sources;

/// <summary>PCs behind a stock nginx with the configuration of docs/howto/site-cache.md.</summary>
public sealed class SiteCacheTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_second_PC_of_the_site_costs_the_server_no_byte_of_an_image()
    {
        await using var site = await Site.OpenAsync();
        await using var cache = await StartAsync(site, tls: false);
        await site.CliAsync("source", "add", "sitecache", cache.Url.ToString());

        await using var first = await site.RunPcAsync();
        Assert.Contains($"{cache.Url}v2/work", (await first.WhenWholeAsync()).Keys);
        Assert.Equal(site.Disk, await File.ReadAllBytesAsync(first.ImageFile, Ct));
        var once = await SettledAsync(() => site.BlobBytesTo("north"));
        Assert.InRange(once, site.Disk.Length, site.Disk.Length * 1.2);

        await using var second = await site.RunPcAsync();
        Assert.Equal([$"{cache.Url}v2/work"], (await second.WhenWholeAsync()).Keys);
        Assert.Equal(site.Disk, await File.ReadAllBytesAsync(second.ImageFile, Ct));
        Assert.Equal(once, await SettledAsync(() => site.BlobBytesTo("north")));
        Assert.Equal(0, site.BlobBytesTo(second.Id));
    }

    [Fact]
    public async Task What_a_poisoned_cache_gives_is_found_by_its_hash_and_comes_from_the_server()
    {
        await using var site = await Site.OpenAsync();
        await using var cache = await StartAsync(site, tls: true);
        await using (var first = await site.RunPcAsync("--site-cache", cache.Url.ToString()))
        {
            await first.WhenWholeAsync();
        }

        Poison(cache.CacheFolder);
        await using var second = await site.RunPcAsync("--site-cache", cache.Url.ToString());
        var from = await second.WhenWholeAsync();

        Assert.Equal(site.Disk, await File.ReadAllBytesAsync(second.ImageFile, Ct));
        Assert.True(from[$"{cache.Url}v2/work"].Rejected > 0);
        Assert.True(from[$"{site.Server.EndpointUrl}v2/work"].Bytes > 0);
        Assert.Contains($"{cache.Url}v2/work gave wrong bytes", second.Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_PC_whose_site_cache_is_gone_takes_all_from_the_server()
    {
        await using var site = await Site.OpenAsync(mebibytes: 8);
        await using var pc = await site.RunPcAsync("--site-cache", "http://localhost:9");

        Assert.Equal([$"{site.Server.EndpointUrl}v2/work"], (await pc.WhenWholeAsync()).Keys);
    }

    [Fact]
    public async Task A_cache_gives_blobs_by_digest_and_nothing_else_and_once_revoked_learns_nothing_new()
    {
        await using var site = await Site.OpenAsync(mebibytes: 4);
        await using var cache = await StartAsync(site, tls: false);
        using var client = new HttpClient { BaseAddress = cache.Url };
        foreach (var path in (string[])["", "v2/", "v2/work/manifests/1", "v2/work/tags/list", "v1/desired-state", "authorities"])
        {
            Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(new Uri(path, UriKind.Relative), Ct)).StatusCode);
        }

        var digest = "sha256:" + Path.GetFileName(Directory.GetFiles(Path.Combine(site.Store, "blobs", "sha256")).MaxBy(f => new FileInfo(f).Length)!);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri($"v2/work/blobs/{digest}", UriKind.Relative), Ct)).StatusCode);
        await ServerProcess.VerbAsync("site-cache", "--data", site.Server.Data, "--name", "north", "--revoke");
        var other = "sha256:" + Path.GetFileName(Directory.GetFiles(Path.Combine(site.Store, "blobs", "sha256")).MinBy(f => new FileInfo(f).Length)!);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync(new Uri($"v2/work/blobs/{other}", UriKind.Relative), Ct)).StatusCode);
    }

    private static async Task<Nginx> StartAsync(Site site, bool tls)
    {
        await ServerProcess.VerbAsync("site-cache", "--data", site.Server.Data, "--name", "north", "--host", "localhost", "--out", site["cache-files"]);
        return await Nginx.StartAsync(site["nginx"], site["cache-files"], site.Server.EndpointUrl, tls, Ct);
    }

    /// <summary>One bit in the middle of every file it keeps that is large enough to be a slice of a pack.</summary>
    private static void Poison(string folder)
    {
        foreach (var file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Where(f => new FileInfo(f).Length > 200_000))
        {
            using var handle = File.OpenHandle(file, access: FileAccess.ReadWrite);
            var at = RandomAccess.GetLength(handle) / 2;
            var one = new byte[1];
            RandomAccess.Read(handle, one, at);
            one[0] ^= 1;
            RandomAccess.Write(handle, one, at);
        }
    }

    /// <summary>The access log is written a moment after the answer: its sum once it stands still.</summary>
    private static async Task<long> SettledAsync(Func<long> sum)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        long before;
        do
        {
            before = sum();
            await tick.WaitForNextTickAsync(Ct);
        }
        while (sum() != before);

        return before;
    }
}
