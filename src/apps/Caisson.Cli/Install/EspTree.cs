using Caisson.Installing;

namespace Caisson.Cli.Install;

/// <summary>
/// What the medium has for an installed PC's ESP. Beside another system two things are different: the loader does not lie where firmware looks
/// when its own menu is lost, so that it then finds the other system; and no keys lie ready to take the place of those the other one starts with.
/// </summary>
internal static class EspTree
{
    private const string Fallback = "EFI/BOOT/BOOTX64.EFI";
    private const string Own = "EFI/systemd/systemd-bootx64.efi";

    public static string LoaderPath(InstallMode mode) => '\\' + (mode is InstallMode.Erase ? Fallback : Own).Replace('/', '\\');

    public static void Copy(string medium, string esp, InstallMode mode)
    {
        foreach (var (source, name) in Files(medium, mode))
        {
            var target = Path.Combine(esp, name);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(source, target, overwrite: true);
        }
    }

    public static void Compare(string medium, string esp, InstallMode mode)
    {
        foreach (var (source, name) in Files(medium, mode))
        {
            if (!File.ReadAllBytes(source).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(esp, name))))
            {
                throw new IOException($"The disk does not give back {name} as it was written: replace the disk.");
            }
        }
    }

    private static IEnumerable<(string Source, string Name)> Files(string medium, InstallMode mode) =>
        from source in Directory.EnumerateFiles(medium, "*", SearchOption.AllDirectories)
        let name = Path.GetRelativePath(medium, source)
        where mode is InstallMode.Erase || !name.StartsWith("loader/keys/", StringComparison.OrdinalIgnoreCase)
        select (source, mode is InstallMode.Beside && name.Equals(Fallback, StringComparison.OrdinalIgnoreCase) ? Own : name);
}
