namespace Caisson.Nbd;

/// <summary>What a client is told when the device threw.</summary>
internal static class DeviceFailure
{
    /// <summary>ENOSPC on Linux, as an <see cref="IOException"/> carries it.</summary>
    private const int NoSpaceOnDevice = 28;

    internal static NbdError ToError(Exception failure) =>
        failure is IOException { HResult: NoSpaceOnDevice } ? NbdError.NoSpace : NbdError.InputOutput;
}
