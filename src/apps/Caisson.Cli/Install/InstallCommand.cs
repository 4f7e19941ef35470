using System.CommandLine;

namespace Caisson.Cli.Install;

/// <summary><c>caisson install</c>: what the medium's second kernel starts on the screen.</summary>
internal static class InstallCommand
{
    public static Command Create()
    {
        var command = new Command("install", "Install the appliance onto a disk of this PC; only on its installation medium");
        command.SetAction(async (_, cancel) =>
        {
            if (!Medium.IsRunning)
            {
                throw new IOException("'caisson install' runs on the installation medium only: './dev appliance' makes one, and its menu has 'Install Caisson'.");
            }

            await new InstallRun(TimeProvider.System).RunAsync(cancel);
        });
        return command;
    }
}
