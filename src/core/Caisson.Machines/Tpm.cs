namespace Caisson.Machines;

/// <summary>A TPM 2.0 per workspace: swtpm in a process of its own, on a Unix socket. See <see cref="TpmProcess"/>.</summary>
internal static class Tpm
{
    public static void Add(OptionList options, WorkspaceSpec spec, WorkspacePaths paths)
    {
        if (!spec.Tpm)
        {
            return;
        }

        options.Add("-chardev", "socket", ("id", "tpm"), ("path", paths.TpmSocket));
        options.Add("-tpmdev", "emulator", ("id", "tpm0"), ("chardev", "tpm"));
        options.Add("-device", "tpm-crb", ("tpmdev", "tpm0"));
    }
}
