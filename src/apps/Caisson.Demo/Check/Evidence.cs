using System.Text.Json;
using Caisson.Demo.Steps;

namespace Caisson.Demo.Check;

/// <summary>The folder a sceptic reads afterwards: pictures, serial logs and the guests' own answers.</summary>
internal sealed class Evidence
{
    private static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web) { WriteIndented = true };
    private readonly string folder;

    public Evidence(string folder)
    {
        this.folder = folder;
        Directory.CreateDirectory(folder);
    }

    public string PathOf(string name) => Path.Combine(folder, name);

    /// <summary>What the guests said of themselves at this moment, from the PC's own status file.</summary>
    public void KeepAnswers(string name, EndpointStatus status) =>
        File.WriteAllText(PathOf(name), JsonSerializer.Serialize(status.Workspaces.Select(w => new { Workspace = w.Id.Value, w.RunningGeneration, w.BootId, w.FirstHeartbeatAt, w.GuestFacts }), Readable));

    public void KeepFile(string from, string name)
    {
        if (File.Exists(from))
        {
            File.Copy(from, PathOf(name), overwrite: true);
        }
    }

    public void KeepResult(CheckResult result) => File.WriteAllText(PathOf("result.json"), result.ToJson());
}
