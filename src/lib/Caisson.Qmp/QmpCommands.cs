using System.Text.Json;
using System.Text.Json.Nodes;

namespace Caisson.Qmp;

/// <summary>The commands Caisson uses, typed. Names and arguments as in QEMU's QAPI schema.</summary>
public static class QmpCommands
{
    /// <summary>QEMU's run state, for example "running", "paused", "io-error", "prelaunch", "guest-panicked".</summary>
    public static async Task<string> QueryStatusAsync(this QmpClient qmp, CancellationToken cancellation)
    {
        var status = await qmp.ExecuteAsync("query-status", null, cancellation).ConfigureAwait(false);
        return status.ValueKind is JsonValueKind.Object && status.TryGetProperty("status", out var text) && text.GetString() is { } state
            ? state
            : throw new QmpException(QmpErrorClass.Protocol, "QEMU's answer to query-status names no status.");
    }

    public static Task StopAsync(this QmpClient qmp, CancellationToken cancellation) => qmp.ExecuteAsync("stop", null, cancellation);

    public static Task ContinueAsync(this QmpClient qmp, CancellationToken cancellation) => qmp.ExecuteAsync("cont", null, cancellation);

    /// <summary>Presses the power button; the guest may take its time or ignore it.</summary>
    public static Task SystemPowerdownAsync(this QmpClient qmp, CancellationToken cancellation) => qmp.ExecuteAsync("system_powerdown", null, cancellation);

    public static Task SystemResetAsync(this QmpClient qmp, CancellationToken cancellation) => qmp.ExecuteAsync("system_reset", null, cancellation);

    public static Task QuitAsync(this QmpClient qmp, CancellationToken cancellation) => qmp.ExecuteAsync("quit", null, cancellation);

    /// <summary>Writes the first head's picture into a PNG file, which QEMU makes.</summary>
    public static Task ScreenDumpAsync(this QmpClient qmp, string pngPath, CancellationToken cancellation) =>
        qmp.ExecuteAsync("screendump", new JsonObject { ["filename"] = pngPath, ["format"] = "png" }, cancellation);

    /// <summary>The same as a PPM file: nothing to compress, and simple to read.</summary>
    public static Task ScreenDumpPlainAsync(this QmpClient qmp, string ppmPath, CancellationToken cancellation) =>
        qmp.ExecuteAsync("screendump", new JsonObject { ["filename"] = ppmPath }, cancellation);

    /// <summary>Adds a block node; <paramref name="node"/> is a QAPI BlockdevOptions object.</summary>
    public static Task BlockdevAddAsync(this QmpClient qmp, JsonObject node, CancellationToken cancellation) =>
        qmp.ExecuteAsync("blockdev-add", node, cancellation);

    /// <summary>Names of all block nodes.</summary>
    public static async Task<HashSet<string>> NamedBlockNodesAsync(this QmpClient qmp, CancellationToken cancellation)
    {
        var nodes = await qmp.ExecuteAsync("query-named-block-nodes", new JsonObject { ["flat"] = true }, cancellation).ConfigureAwait(false);
        return nodes.ValueKind is JsonValueKind.Array
            ? nodes.EnumerateArray().Select(node => node.TryGetProperty("node-name", out var name) ? name.GetString() : null).OfType<string>().ToHashSet(StringComparer.Ordinal)
            : throw new QmpException(QmpErrorClass.Protocol, "QEMU's answer to query-named-block-nodes is no list.");
    }

    public static Task BlockdevDeleteAsync(this QmpClient qmp, string nodeName, CancellationToken cancellation) =>
        qmp.ExecuteAsync("blockdev-del", new JsonObject { ["node-name"] = nodeName }, cancellation);

    /// <summary>Changes a node in use; options left out fall back to their defaults, so give them all.</summary>
    public static Task BlockdevReopenAsync(this QmpClient qmp, JsonObject node, CancellationToken cancellation) =>
        qmp.ExecuteAsync("blockdev-reopen", new JsonObject { ["options"] = new JsonArray(node) }, cancellation);

    /// <summary>Lets a migration go as fast as it can; QEMU's own default is 128 MiB/s.</summary>
    public static Task MigrateWithoutLimitAsync(this QmpClient qmp, CancellationToken cancellation) =>
        qmp.ExecuteAsync("migrate-set-parameters", new JsonObject { ["max-bandwidth"] = 1L << 40 }, cancellation);

    /// <summary>Begins to write the machine's memory and devices; <see cref="QueryMigrateAsync"/> says how it goes.</summary>
    public static Task MigrateAsync(this QmpClient qmp, string uri, CancellationToken cancellation) =>
        qmp.ExecuteAsync("migrate", new JsonObject { ["uri"] = uri }, cancellation);

    /// <summary>Begins to read them into a machine started with "-incoming defer".</summary>
    public static Task MigrateIncomingAsync(this QmpClient qmp, string uri, CancellationToken cancellation) =>
        qmp.ExecuteAsync("migrate-incoming", new JsonObject { ["uri"] = uri }, cancellation);

    public static Task MigrateCancelAsync(this QmpClient qmp, CancellationToken cancellation) => qmp.ExecuteAsync("migrate_cancel", null, cancellation);

    public static async Task<MigrationProgress> QueryMigrateAsync(this QmpClient qmp, CancellationToken cancellation) =>
        MigrationProgress.From(await qmp.ExecuteAsync("query-migrate", null, cancellation).ConfigureAwait(false));
}
