namespace Caisson.Slots;

/// <summary>What was offered is not a release of the appliance that may be used here. The message is a sentence.</summary>
public sealed class ReleaseException(string message) : Exception(message);
