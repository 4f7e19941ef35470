using System.Diagnostics;
using System.Globalization;

namespace Caisson.Images;

/// <summary>
/// qemu-img on a foreign image, under bubblewrap: its own user, process, network and file name spaces, no capabilities, only /usr and that one file
/// to read and one file to write, a clean environment, limits on memory and CPU time. Format and file are named, nothing is probed.
/// </summary>
internal static class ConversionJail
{
    private const string Input = "/image";
    private const string Output = "/disk";
    private const long MemoryBytes = 2L << 30;
    private const int MaxErrorChars = 400;

    /// <summary>Ten seconds of CPU for each GiB, and ten minutes at least.</summary>
    private static long CpuSeconds(long size) => 600 + (size >> 30) * 10;

    /// <summary>Writes the disk in <paramref name="image"/> into <paramref name="raw"/>, which exists, is empty and has the disk's size.</summary>
    /// <exception cref="ImageStoreException">Bad input: qemu-img refuses the image. No space.</exception>
    public static async Task ConvertAsync(string image, ImageFormat format, string raw, long size, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = Command(image, format, raw, size) };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new ImageStoreException(ImageStoreError.BadInput, $"{image} must be converted by qemu-img under bubblewrap, and bwrap does not start: {e.Message}. Install the packages qemu-utils and bubblewrap, or import a raw image.", e);
        }

        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        try
        {
            var errors = await process.StandardError.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
            await output.ConfigureAwait(false);
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            if (process.ExitCode != 0)
            {
                throw Failure(image, process.ExitCode, errors);
            }
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private static ImageStoreException Failure(string image, int exitCode, string errors)
    {
        var reason = string.Concat(errors.Trim().Take(MaxErrorChars)).ReplaceLineEndings(" ");
        return reason.Contains("No space left", StringComparison.Ordinal)
            ? new ImageStoreException(ImageStoreError.NoSpace, $"The store's disk is full while {image} was converted. Nothing was changed; free some space and import again.")
            : ForeignHeader.Refuse(image, $"could not be converted (exit code {exitCode}: {reason})");
    }

    private static ProcessStartInfo Command(string image, ImageFormat format, string raw, long size)
    {
        string[] arguments =
        [
            "--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL",
            "--die-with-parent", "--new-session", "--clearenv", "--hostname", "jail",
            "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64", "--symlink", "usr/bin", "/bin",
            "--dev", "/dev", "--proc", "/proc",
            "--ro-bind", Path.GetFullPath(image), Input, "--bind", Path.GetFullPath(raw), Output,
            "--", "/usr/bin/prlimit", string.Create(CultureInfo.InvariantCulture, $"--as={MemoryBytes}"), string.Create(CultureInfo.InvariantCulture, $"--cpu={CpuSeconds(size)}"),
            "--core=0", "--nofile=64", string.Create(CultureInfo.InvariantCulture, $"--fsize={size}"),
            "--", "/usr/bin/qemu-img", "convert", "-n", "--target-is-zero", "-W", "-m", "2", "--image-opts", "--target-image-opts",
            $"driver={Name(format)},file.driver=file,file.filename={Input},file.locking=off",
            $"driver=raw,file.driver=file,file.filename={Output},file.locking=off",
        ];
        return new ProcessStartInfo("bwrap", arguments) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true };
    }

    private static string Name(ImageFormat format) => format switch
    {
        ImageFormat.Qcow2 => "qcow2",
        ImageFormat.Vmdk => "vmdk",
        ImageFormat.Vhdx => "vhdx",
        _ => throw new UnreachableException(),
    };
}
