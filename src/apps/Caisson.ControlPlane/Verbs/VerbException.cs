namespace Caisson.ControlPlane;

/// <summary>Exit codes of every Caisson executable.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Fault = 1;
    public const int Usage = 2;
    public const int BadInput = 3;
    public const int Damaged = 4;
    public const int NoSpace = 5;
}

/// <summary>A verb cannot go on. The message is a sentence for the person at the terminal; no stack trace is shown.</summary>
internal sealed class VerbException(int exitCode, string message, Exception? inner = null) : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;
}
