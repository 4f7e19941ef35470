using Caisson.Protocol.Api;

namespace Caisson.ControlPlane;

/// <summary>
/// A request cannot be done; the message is a sentence for the person who asked. The API answers it as problem details
/// (<see cref="Hosting.Problems"/>), the console shows the sentence.
/// </summary>
internal sealed class RequestRefused(int status, string code, string message) : Exception(message)
{
    public int Status { get; } = status;

    /// <summary>One of <see cref="ProblemCodes"/>.</summary>
    public string Code { get; } = code;

    public static RequestRefused BadInput(string message) => new(StatusCodes.Status400BadRequest, ProblemCodes.BadInput, message);

    public static RequestRefused NotFound(string message) => new(StatusCodes.Status404NotFound, ProblemCodes.NotFound, message);

    public static RequestRefused AlreadyExists(string message) => new(StatusCodes.Status409Conflict, ProblemCodes.AlreadyExists, message);

    public static RequestRefused WrongState(string message) => new(StatusCodes.Status409Conflict, ProblemCodes.WrongState, message);
}
