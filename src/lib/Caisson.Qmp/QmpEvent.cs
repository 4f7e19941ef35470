using System.Text.Json;

namespace Caisson.Qmp;

/// <summary>One event as QEMU sent it. Names this library does not know come through like all others.</summary>
/// <param name="Name">For example "SHUTDOWN", "STOP", "BLOCK_IO_ERROR".</param>
/// <param name="Data">The event's data; <see cref="JsonValueKind.Undefined"/> when it has none.</param>
public sealed record QmpEvent(string Name, JsonElement Data)
{
    /// <summary>A text member of <see cref="Data"/>, or null.</summary>
    public string? Text(string member) =>
        Data.ValueKind is JsonValueKind.Object && Data.TryGetProperty(member, out var value) && value.ValueKind is JsonValueKind.String
            ? value.GetString()
            : null;

    /// <summary>A boolean member of <see cref="Data"/>; absent is false.</summary>
    public bool Flag(string member) =>
        Data.ValueKind is JsonValueKind.Object && Data.TryGetProperty(member, out var value) && value.ValueKind is JsonValueKind.True;
}
