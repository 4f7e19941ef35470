namespace Caisson.Trust;

/// <summary>
/// The highest sequence number ever acted on. It only rises: a signature alone would let an old, once valid document be played
/// again, and a server restored from a backup would roll its fleet back. A function over values; the caller makes
/// <see cref="SequenceVerdict.Accepted.Floor"/> durable <i>before</i> it acts on the document, so that a power cut costs a poll and never the rule.
/// </summary>
/// <param name="Value">0 is "nothing acted on yet".</param>
public readonly record struct SequenceFloor(long Value)
{
    /// <summary>Judges the number of a document whose signature was already verified.</summary>
    public SequenceVerdict Judge(long offered) => offered switch
    {
        <= 0 => new SequenceVerdict.Refused(
            SequenceRefusal.NotPositive,
            $"The document has the sequence number {offered}; numbers begin at 1. Server and endpoint may be of different versions."),
        _ when offered < Value => new SequenceVerdict.Refused(
            SequenceRefusal.OlderThanActedOn,
            $"The server offered sequence {offered}, but this PC has acted on {Value}. Older is never taken; if the server was restored from a backup, raise its sequence."),
        _ => new SequenceVerdict.Accepted(new SequenceFloor(offered), IsNew: offered > Value),
    };
}

/// <summary>What <see cref="SequenceFloor.Judge"/> found.</summary>
public abstract record SequenceVerdict
{
    private SequenceVerdict()
    {
    }

    /// <param name="Floor">To be durable before the document is acted on.</param>
    /// <param name="IsNew">False: the same number as before, so the floor is already on disk.</param>
    public sealed record Accepted(SequenceFloor Floor, bool IsNew) : SequenceVerdict;

    /// <param name="Reason">For code.</param>
    /// <param name="Message">For people.</param>
    public sealed record Refused(SequenceRefusal Reason, string Message) : SequenceVerdict;
}

/// <summary>Why a sequence number was refused.</summary>
public enum SequenceRefusal
{
    /// <summary>Zero or less: no server counts so.</summary>
    NotPositive,

    /// <summary>A replay, or a server that went back in time.</summary>
    OlderThanActedOn,
}
