using Caisson.Endpoint.Reconcile;
using Caisson.Protocol;
using CsCheck;

namespace Caisson.Endpoint.Tests;

/// <summary>Whatever happens, in whatever order, with a crash between any two writes: what must always hold.</summary>
public sealed class LifeHistoryTests
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    private static readonly GenerationReference[] Generations = [.. Enumerable.Range(1, 4).Select(n => Sample.Generation(n))];

    /// <summary>One PC as an executor would drive it: what is on its disk, what it holds in memory, and whether its machine is up.</summary>
    private sealed class Pc
    {
        public Life Disk { get; private set; } = Life.None;

        public GenerationReference Desired { get; private set; } = Generations[0];

        public GenerationReference? Up { get; private set; }

        /// <summary>Starts by itself since somebody last did something.</summary>
        public int OwnStarts { get; private set; }

        private readonly Dictionary<string, ImageState> images = Generations.ToDictionary(g => g.ManifestDigest, _ => ImageState.Complete, StringComparer.Ordinal);

        public void Do(int what, int which)
        {
            switch (what)
            {
                case 0:
                    Desired = Generations[which];
                    OwnStarts = 0;
                    break;
                case 1:
                    Start(asked: true);
                    break;
                case 2:
                    Happened(new LifeEvent.TryAgain());
                    OwnStarts = 0;
                    break;
                case 3:
                    Ran(TimeSpan.FromMinutes(which * 3));
                    break;
                case 4 when Up is not null:
                    Happened(new LifeEvent.Answered());
                    OwnStarts = 0;
                    break;
                case 5 when Up is not null:
                    Judge(panics: which, ScreenMotion.None with { Looks = 5, HasMoved = which == 3 });
                    break;
                case 6 when Up is not null:
                    Stop(asked: which % 2 == 0);
                    break;
                case 7:
                    Crash(machineSurvives: which % 2 == 0);
                    break;
                case 8:
                    images[Generations[which].ManifestDigest] = images[Generations[which].ManifestDigest] == ImageState.Complete ? ImageState.Open : ImageState.Complete;
                    OwnStarts = 0;
                    break;
            }

            Happened(new LifeEvent.Keeps(2));
            if (Up is null)
            {
                Start(asked: false);
            }
        }

        public void Fail() => Judge(panics: 3, ScreenMotion.None);

        private void Happened(LifeEvent happened) => Disk = LifeRule.After(Disk, happened);

        private void Ran(TimeSpan by)
        {
            if (Up is not null)
            {
                Happened(new LifeEvent.Ran(by, Window));
            }
        }

        private void Start(bool asked)
        {
            if (Up is not null || LifeRule.Choose(Disk, Desired, images, asked) is not { } next)
            {
                return;
            }

            Assert.False(Disk.IsRefused(next), "A refused generation was started.");
            Assert.True(asked || !(Disk.IsPcFault && Life.Same(next, Disk.Good)), "A PC in fault started by itself what had failed.");
            OwnStarts = asked ? 0 : OwnStarts + 1;
            Happened(new LifeEvent.Started(next));
            Up = next;
        }

        private void Judge(int panics, ScreenMotion screen)
        {
            switch (LifeRule.Judge(Disk, panics, screen, Window))
            {
                case StartVerdict.Degraded:
                    Happened(new LifeEvent.LookedAlive());
                    break;
                case StartVerdict.Silent or StartVerdict.Panicked:
                    Happened(new LifeEvent.Failed(StartFailure.Silent));
                    Stop(asked: true);
                    break;
            }
        }

        private void Stop(bool asked)
        {
            Happened(new LifeEvent.Ended(asked));
            Up = null;
        }

        private void Crash(bool machineSurvives)
        {
            if (Up is not null && !machineSurvives)
            {
                Stop(asked: true); // As the next caissond says it when it finds no machine.
            }
        }
    }

    private static readonly Gen<(int What, int Which)[]> Histories = Gen.Select(Gen.Int[0, 8], Gen.Int[0, 3]).Array[0, 60];

    [Fact]
    public void A_refused_generation_never_runs_and_every_state_has_its_words() => Histories.Sample(history =>
    {
        var pc = new Pc();
        foreach (var (what, which) in history)
        {
            pc.Do(what, which);
            var health = LifeRule.Health(pc.Disk, pc.Desired);
            var words = LifeWords.Of(pc.Disk, pc.Desired, Window);
            Assert.Equal(health is GenerationHealth.Well or GenerationHealth.OnTrial, words is null);
            Assert.Equal(pc.Disk.Strikes.Count, pc.Disk.Strikes.DistinctBy(s => s.Generation.ManifestDigest).Count());
            Assert.InRange(pc.Disk.Kept.Count, 0, 2);
            Assert.True(pc.Up is not null || health is GenerationHealth.PcFault or GenerationHealth.Stuck, $"Nothing runs, and the PC calls itself {health}.");
        }
    });

    [Fact]
    public void A_PC_on_which_everything_fails_comes_to_rest() => Histories.Sample(history =>
    {
        var pc = new Pc();
        foreach (var (what, which) in history)
        {
            pc.Do(what, which);
        }

        pc.Do(0, 2);
        for (var i = 0; i < 20 && pc.Up is not null; i++)
        {
            pc.Fail();
            pc.Do(9, 0);
        }

        Assert.Null(pc.Up);
        Assert.InRange(pc.OwnStarts, 0, 6); // Two of the wanted one, and two each of at most two it goes back to.
        Assert.Contains(LifeRule.Health(pc.Disk, pc.Desired), (GenerationHealth[])[GenerationHealth.PcFault, GenerationHealth.Stuck]);
    });

    [Fact]
    public void A_PC_whose_wanted_generation_answers_comes_to_run_it() => Histories.Sample(history =>
    {
        var pc = new Pc();
        foreach (var (what, which) in history)
        {
            pc.Do(what, which);
        }

        pc.Do(2, 0);
        pc.Do(6, 0);
        pc.Do(4, 0);
        Assert.Contains(LifeRule.Health(pc.Disk, pc.Desired), (GenerationHealth[])[GenerationHealth.Well, GenerationHealth.OnTrial]);
    });
}
