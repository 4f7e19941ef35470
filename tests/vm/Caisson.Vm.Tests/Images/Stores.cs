using System.Diagnostics;
using Caisson.Images;

namespace Caisson.Vm.Tests.Images;

/// <summary>Stores and disks of random bytes for these tests, and the built <c>caisson</c> as a process.</summary>
internal static class Stores
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<byte[]> WriteDiskAsync(string file, int seed, int bytes)
    {
        var disk = new byte[bytes];
        new Random(seed).NextBytes(disk);
        await File.WriteAllBytesAsync(file, disk, Token);
        return disk;
    }

    public static Task<StoredGeneration> ImportAsync(string store, string file) =>
        ImageStore.Open(store).ImportAsync(new ImportRequest { File = file, Name = "work", Format = ImageFormat.Raw }, TimeProvider.System, null, Token);

    public static async Task AssertSoundAsync(string store) =>
        Assert.Empty((await ImageStore.Open(store).CheckAsync(TimeProvider.System, null, Token)).Problems);

    /// <summary>Every file of a store with its size; lock files are no part of it.</summary>
    public static string[] Files(string store) =>
        [.. Directory.GetFiles(store, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)).Select(file => $"{file} {new FileInfo(file).Length}").Order(StringComparer.Ordinal)];

    // What a shell starts in the background inherits Ctrl-C as ignored, and so would these: env gives it back.
    public static Process StartCli(params string[] arguments) =>
        Process.Start(new ProcessStartInfo("env", ["--default-signal=INT", Path.Combine(AppContext.BaseDirectory, "caisson"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;

    /// <summary>Runs a command that must succeed, with <c>--json</c>.</summary>
    public static async Task<System.Text.Json.JsonElement> RunCliForJsonAsync(params string[] arguments)
    {
        using var process = StartCli([.. arguments, "--json"]);
        var errors = process.StandardError.ReadToEndAsync(Token);
        var output = await process.StandardOutput.ReadToEndAsync(Token);
        await process.WaitForExitAsync(Token);
        Assert.True(process.ExitCode == 0, await errors);
        return System.Text.Json.JsonDocument.Parse(output).RootElement;
    }

    public static async Task<(int ExitCode, string Errors)> RunCliAsync(params string[] arguments)
    {
        using var process = StartCli(arguments);
        var output = process.StandardOutput.ReadToEndAsync(Token);
        var errors = await process.StandardError.ReadToEndAsync(Token);
        await output;
        await process.WaitForExitAsync(Token);
        return (process.ExitCode, errors);
    }
}
