namespace Caisson.ControlPlane.Console.Pcs;

/// <summary>Where the browser meets a display stream, or why there is none.</summary>
/// <param name="Path">Path of the WebSocket on this server.</param>
/// <param name="Refused">A sentence when it was refused.</param>
public sealed record OpenedDisplay(string? Path, string? Refused);
