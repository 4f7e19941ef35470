using System.Security.Cryptography;
using System.Text.Json;
using Caisson.FileSystems;
using Caisson.Machines;
using Caisson.Slots;
using Caisson.Trust;

namespace Caisson.Endpoint.Verbs;

/// <summary>What ended a verb, as a sentence and an exit code; the codes are those of every Caisson executable.</summary>
internal sealed record Failure(string Sentence, int ExitCode)
{
    private const int BadInput = 3;
    private const int NoSpace = 5;
    private const int Interrupted = 130;
    private const int NoSpaceErrno = 28;
    private const int QuotaErrno = 122;

    /// <summary>Null when it is a fault of the program, whose stack trace is wanted.</summary>
    public static Failure? Of(Exception e) => e switch
    {
        FormatException => new(e.Message, BadInput),
        IOException { HResult: NoSpaceErrno or QuotaErrno } => new($"The disk is full: {e.Message} Free some space, then run the same command again.", NoSpace),
        OperationCanceledException => new("Interrupted. Nothing is half done; the same command can be run again.", Interrupted),
        JsonException => new($"A file of this PC is damaged: {e.Message}", 1),
        EndpointException or ReleaseException or FileSystemException or MachineException or TrustException or IOException or UnauthorizedAccessException or HttpRequestException or CryptographicException => new(e.Message, 1),
        _ => null,
    };
}
