namespace Caisson.Hardware;

public enum KvmOutcome
{
    NotTried,
    Works,
    Fails,
}

/// <summary>Whether a kernel got through a boot under KVM; whoever may start QEMU tries it and passes the answer in.</summary>
/// <param name="Reason">The sentence of whoever tried; or, after a colon, why nobody did.</param>
public sealed record KvmTrial(KvmOutcome Outcome, string Reason)
{
    public static KvmTrial NotTried { get; } = new(KvmOutcome.NotTried, "only a kernel that boots under it proves that it works.");
}
