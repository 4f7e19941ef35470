using Caisson.Protocol;

namespace Caisson.ControlPlane.Console.Pcs;

/// <summary>An action somebody pressed on a workspace, before it is confirmed.</summary>
public sealed record AskedOrder(OrderKind Kind, WorkspaceView Workspace);
