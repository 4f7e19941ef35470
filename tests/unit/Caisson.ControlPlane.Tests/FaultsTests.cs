using Caisson.ControlPlane.Verbs;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Tests;

public sealed class FaultsTests
{
    [Fact]
    public void A_config_of_an_earlier_version_has_todays_defaults()
    {
        var folder = new DataFolder(Directory.CreateTempSubdirectory("caisson-config-").FullName);
        File.WriteAllText(folder.Config, """{"url":"http://localhost:8480","endpointUrl":"https://localhost:8481"}""");
        var config = ServerConfig.Load(folder);
        Assert.Equal((60, 3, 600, 0, 0), (config.PollSeconds, config.DeltaGenerations, config.SmallDeltaSeconds, config.Sources.Count, config.FillSchedule.Count));
        Directory.Delete(folder.Path, recursive: true);
    }

    [Fact]
    public void What_the_machine_does_wrong_has_an_exit_code_and_a_sentence()
    {
        Assert.Equal(ExitCode.NoSpace, Faults.Explain(new IOException("No space left on device", 28))!.Value.ExitCode);
        Assert.Equal(ExitCode.NoSpace, Faults.Explain(new DbUpdateException("x", new SqliteException("full", 13)))!.Value.ExitCode);
        Assert.Equal(ExitCode.Damaged, Faults.Explain(new SqliteException("not a database", 26))!.Value.ExitCode);
        Assert.Equal(ExitCode.BadInput, Faults.Explain(new UnauthorizedAccessException("Access to '/x' is denied."))!.Value.ExitCode);
        Assert.Equal(ExitCode.BadInput, Faults.Explain(new DirectoryNotFoundException("There is no '/x'."))!.Value.ExitCode);
    }

    [Fact]
    public void A_fault_of_the_program_keeps_its_stack_trace()
    {
        Assert.Null(Faults.Explain(new InvalidOperationException("x")));
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_is_such_a_fault()
    {
        var file = Path.GetTempFileName();
        var config = new ServerConfig { Url = new Uri("http://localhost:0"), EndpointUrl = new Uri("https://127.0.0.1:0"), PollSeconds = 5 };

        var fault = await Assert.ThrowsAnyAsync<Exception>(() => ServerVerbs.InitAsync(new DataFolder(Path.Combine(file, "data")), config, TimeProvider.System, TestServer.Cancel));

        Assert.Equal(ExitCode.BadInput, Faults.Explain(fault)!.Value.ExitCode);
        File.Delete(file);
    }
}
