namespace Caisson.Endpoint;

/// <summary>Something the person or the administrator can put right; the message says what happened, why, and what to do.</summary>
internal class EndpointException : Exception
{
    public EndpointException(string message)
        : base(message)
    {
    }

    public EndpointException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
