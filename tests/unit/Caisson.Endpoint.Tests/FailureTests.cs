using Caisson.Endpoint.Identity;
using Caisson.Endpoint.Verbs;

namespace Caisson.Endpoint.Tests;

public sealed class FailureTests
{
    [Fact]
    public void Ordinary_errors_are_sentences_with_codes_and_faults_of_the_program_are_not_hidden()
    {
        Assert.Equal(3, Failure.Of(new FormatException("No token."))?.ExitCode);
        Assert.Equal(1, Failure.Of(new EndpointException("Not enrolled."))?.ExitCode);
        Assert.Equal(130, Failure.Of(new TaskCanceledException())?.ExitCode);
        Assert.Null(Failure.Of(new InvalidOperationException("A fault.")));
    }

    [Fact]
    public void A_full_disk_is_told_by_its_own_code()
    {
        var full = Assert.ThrowsAny<IOException>(() =>
        {
            using var file = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write([1]);
        });
        Assert.Equal(5, Failure.Of(full)?.ExitCode);
    }

    [Fact]
    public void A_server_that_does_not_answer_in_time_is_not_a_person_who_gave_up()
    {
        using var gaveUp = new CancellationTokenSource();
        Assert.True(Enroller.IsNoAnswer(new TaskCanceledException(), gaveUp.Token));
        gaveUp.Cancel();
        Assert.False(Enroller.IsNoAnswer(new TaskCanceledException(), gaveUp.Token));
    }
}
