using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.SignIn;
using Caisson.ControlPlane.Verbs;
using Caisson.Protocol.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Caisson.ControlPlane.Tests;

/// <summary>A whole server in this process: real Kestrel on loopback, real SQLite, a folder of its own.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    /// <summary>Made once and copied: keys and a migrated database are most of what a start takes.</summary>
    private static readonly Lazy<Task<DataFolder>> s_made = new(InitAsync);

    private WebApplication? _app;

    private TestServer(DataFolder folder) => Folder = folder;

    public DataFolder Folder { get; }

    public FakeTime Time { get; } = new();

    public IServiceProvider Services => _app!.Services;

    public ServerAddress Address => Services.GetRequiredService<ServerAddress>();

    /// <summary>Signed in with an API token.</summary>
    public HttpClient Admin { get; private set; } = new();

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<TestServer> StartAsync()
    {
        var server = new TestServer(NewFolder());
        server.Folder.CreateDirectories();
        var made = await s_made.Value;
        foreach (var file in Directory.GetFiles(made.Path, "*", SearchOption.AllDirectories))
        {
            File.Copy(file, Path.Combine(server.Folder.Path, Path.GetRelativePath(made.Path, file)));
        }

        await server.RunAsync();
        return server;
    }

    /// <summary>A server with a CA of its own.</summary>
    public static async Task<TestServer> StartStrangerAsync()
    {
        var server = new TestServer(await InitAsync());
        await server.RunAsync();
        return server;
    }

    /// <summary>After the last test.</summary>
    public static async Task RemoveMadeAsync() => Directory.Delete((await s_made.Value).Path, recursive: true);

    private static DataFolder NewFolder() => new(Directory.CreateTempSubdirectory("caisson-test-").FullName);

    private static async Task<DataFolder> InitAsync()
    {
        var folder = NewFolder();
        var config = new ServerConfig { Url = new Uri("http://localhost:0"), EndpointUrl = new Uri("https://127.0.0.1:0"), PollSeconds = 5 };
        await ServerVerbs.InitAsync(folder, config, TimeProvider.System, CancellationToken.None);
        return folder;
    }

    /// <summary>A server over a folder that is there already.</summary>
    public static async Task<TestServer> OverAsync(DataFolder folder)
    {
        var server = new TestServer(folder);
        await server.RunAsync();
        return server;
    }

    public async Task StopAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync(CancellationToken.None);
            await _app.DisposeAsync();
            _app = null;
        }
    }

    public async Task RunAsync()
    {
        _app = await ServerVerbs.StartAsync(Folder, ServerConfig.Load(Folder), Time, Cancel);
        Admin = People();
        await using var db = Database();
        Admin.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await ApiTokens.CreateAsync(db, Time, "server", "test", Cancel)).Token);
    }

    public ServerDb Database() => Services.GetRequiredService<IDbContextFactory<ServerDb>>().CreateDbContext();

    /// <summary>A browser or program that is not signed in.</summary>
    public HttpClient People() => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new Uri($"http://127.0.0.1:{Address.People.Port}") };

    public async Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type) => (await Admin.GetFromJsonAsync(path, type, Cancel))!;

    public async Task<HttpResponseMessage> PostAsync<T>(string path, T body, JsonTypeInfo<T> type) => await Admin.PostAsync(path, JsonContent.Create(body, type), Cancel);

    public async Task<string> TokenAsync(string? group = null)
    {
        using var made = await PostAsync("/api/enrolment-tokens", new CreateEnrolmentTokenRequest { Group = group }, ApiJson.Default.CreateEnrolmentTokenRequest);
        return (await made.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(ApiJson.Default.EnrolmentTokenCreated, Cancel))!.Token;
    }

    /// <summary>A group "house" with workspaces "work" (managed) and "personal", both of image "work" whose generation 1 is released.</summary>
    public async Task GiveWorkAsync()
    {
        await using var db = Database();
        var group = new EndpointGroup { Name = "house", Description = "" };
        var image = new MasterImage { Name = "work", CreatedAt = Time.GetUtcNow() };
        db.AddRange(group, image);
        await db.SaveChangesAsync(Cancel);
        db.Add(Generation(image.Id, 1));
        foreach (var kind in (Protocol.WorkspaceKind[])[Protocol.WorkspaceKind.Managed, Protocol.WorkspaceKind.Personal])
        {
            db.Add(new Assignment
            {
                GroupId = group.Id,
                WorkspaceId = kind == Protocol.WorkspaceKind.Managed ? "work" : "personal",
                Name = kind == Protocol.WorkspaceKind.Managed ? "Work" : "Personal",
                Kind = kind,
                ImageName = "work",
                Track = AssignmentTrack.Released,
                MemoryMiB = 512,
                Cpus = 1,
                UserVolumeBytes = 0,
                AutoStart = true,
            });
        }

        await db.SaveChangesAsync(Cancel);
    }

    public Generation Generation(int imageId, int number, GenerationState state = GenerationState.Released) => new()
    {
        ImageId = imageId,
        Number = number,
        State = state,
        ManifestDigest = "sha256:" + new string((char)('0' + number), 64),
        ImageBytes = 1,
        StoredBytes = 1,
        PublishedAt = Time.GetUtcNow(),
    };

    public static async Task<string?> CodeAsync(HttpResponseMessage response) =>
        JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancel)).RootElement.GetProperty("code").GetString();

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(Folder.Path, recursive: true);
    }
}
