using System.Diagnostics;
using System.Globalization;
using System.Text;
using Caisson.Launcher.Screen;
using Caisson.Launcher.Sway;
using Caisson.Testing;

// One compositor at a time on two cores: side by side the tests would only measure each other.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace Caisson.Switcher.Tests;

/// <summary>The appliance's sway with the appliance's configuration, on a screen that is only memory. It refuses to be root, so it is nobody.</summary>
internal sealed class HeadlessSway : IAsyncDisposable
{
    public const int Width = 1280;
    public const int Height = 800;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly TestFolder folder = new();
    private readonly StringBuilder said = new();
    private Process? process;

    public string SwaySocket => folder.File("sway.sock");

    public string WaylandSocket => folder.File("wayland-1");

    public static async Task<HeadlessSway> StartAsync(CancellationToken cancellation)
    {
        foreach (var program in (string[])["sway", "grim", "setpriv"])
        {
            Requirement.Program(program);
        }

        Requirement.Need(Environment.UserName == "root", "sway runs as another user here, which root can make it.");
        var sway = new HeadlessSway();
        sway.Begin();
        await sway.UntilAsync(() => File.Exists(sway.SwaySocket) && File.Exists(sway.WaylandSocket), "sway's sockets", cancellation);
        return sway;
    }

    public Task<SwayConnection> ConnectAsync(CancellationToken cancellation) => SwayConnection.ConnectAsync(SwaySocket, cancellation);

    /// <summary>The screen, pixel by pixel.</summary>
    public async Task<Shot> ShotAsync(CancellationToken cancellation)
    {
        using var grim = Launch("grim", ["-t", "ppm", "-"], output: true);
        using var bytes = new MemoryStream();
        await grim.StandardOutput.BaseStream.CopyToAsync(bytes, cancellation);
        await grim.WaitForExitAsync(cancellation);
        return grim.ExitCode == 0 ? Shot.FromPpm(bytes.ToArray()) : throw new InvalidOperationException("grim took no picture.");
    }

    /// <summary>Keeps the screen among the run's pictures.</summary>
    public async Task KeepAsync(string name, CancellationToken cancellation)
    {
        var shots = Directory.CreateDirectory(Path.Combine(Checkout.Root, "artifacts", "screenshots"));
        using var grim = Launch("grim", ["-"], output: true);
        await using (var file = File.Create(Path.Combine(shots.FullName, name + ".png")))
        {
            await grim.StandardOutput.BaseStream.CopyToAsync(file, cancellation);
        }

        await grim.WaitForExitAsync(cancellation);
    }

    /// <summary>kill -9, as a crash is.</summary>
    public async Task CrashAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync(CancellationToken.None);
    }

    public async Task UntilAsync(Func<bool> holds, string what, CancellationToken cancellation)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var clock = Stopwatch.StartNew();
        while (!holds())
        {
            if (clock.Elapsed > Deadline)
            {
                throw new TimeoutException($"Not seen: {what}. sway said:\n{said}");
            }

            await tick.WaitForNextTickAsync(cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (process is { HasExited: false })
        {
            await CrashAsync();
        }

        process?.Dispose();
        folder.Dispose();
    }

    private void Begin()
    {
        File.SetUnixFileMode(folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using (var owner = Process.Start("chown", ["65534:65534", folder.Path]))
        {
            owner.WaitForExit();
        }

        var config = Path.Combine(Checkout.Root, "appliance/tree/usr/lib/caisson/sway.conf");
        File.WriteAllText(folder.File("config"), $"{File.ReadAllText(config)}\noutput HEADLESS-1 resolution {Width}x{Height} position 0,0\n");
        process = Launch("sway", ["--config", folder.File("config")], output: false);
    }

    private Process Launch(string program, string[] arguments, bool output)
    {
        var start = new ProcessStartInfo("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", program, .. arguments])
        {
            UseShellExecute = false, RedirectStandardError = true, RedirectStandardInput = true, RedirectStandardOutput = output,
        };
        foreach (var (name, value) in (IEnumerable<(string, string)>)[
            ("XDG_RUNTIME_DIR", folder.Path), ("SWAYSOCK", SwaySocket), ("WAYLAND_DISPLAY", "wayland-1"), ("WLR_BACKENDS", "headless"), ("WLR_RENDERER", "pixman"), ("WLR_LIBINPUT_NO_DEVICES", "1")])
        {
            start.Environment[name] = value;
        }

        if (program == "sway")
        {
            start.Environment.Remove("WAYLAND_DISPLAY");
        }

        var started = Process.Start(start)!;
        started.ErrorDataReceived += (_, line) => said.AppendLine(line.Data);
        started.BeginErrorReadLine();
        started.StandardInput.Close();
        return started;
    }
}

/// <summary>A screen that was seen.</summary>
internal sealed class Shot(int width, int height, byte[] rgb)
{
    public uint At(int x, int y)
    {
        var i = 3 * ((y * width) + x);
        return ((uint)rgb[i] << 16) | ((uint)rgb[i + 1] << 8) | rgb[i + 2];
    }

    public uint Centre => At(width / 2, height / 2);

    /// <summary>True: every pixel of the edge is the edge's.</summary>
    public bool HasEdge(Edge edge)
    {
        var expected = new uint[width * height];
        edge.Paint(expected, width, height);
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var isEdge = x < Edge.Width || y < Edge.Width || x >= width - Edge.Width || y >= height - Edge.Width;
                if (isEdge && At(x, y) != expected[(y * width) + x])
                {
                    return false;
                }
            }
        }

        return true;
    }

    public static Shot FromPpm(byte[] bytes)
    {
        var words = Encoding.ASCII.GetString(bytes, 0, Math.Min(64, bytes.Length)).Split(['\n', ' '], 5);
        var (width, height) = (int.Parse(words[1], CultureInfo.InvariantCulture), int.Parse(words[2], CultureInfo.InvariantCulture));
        return new Shot(width, height, bytes[^(3 * width * height)..]);
    }
}
