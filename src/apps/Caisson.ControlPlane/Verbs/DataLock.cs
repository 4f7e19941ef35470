namespace Caisson.ControlPlane.Verbs;

/// <summary>Held by a running server and by verbs that must not run beside one. The kernel lets go of it with the process, however that ends.</summary>
internal static class DataLock
{
    /// <exception cref="VerbException">Another process has it.</exception>
    public static IDisposable Take(DataFolder folder)
    {
        try
        {
            return new FileStream(Path.Combine(folder.Path, "lock"), new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }
        catch (IOException e)
        {
            throw new VerbException(ExitCode.Fault, $"Another caisson-server works on '{folder.Path}'. Stop it first.", e);
        }
    }
}
