namespace Caisson.Trust.Tests;

public sealed class RunApprovalTests
{
    private static readonly string One = "sha256:" + new string('1', 64);
    private static readonly string Two = "sha256:" + new string('2', 64);
    private static readonly string Three = "sha256:" + new string('3', 64);
    private static readonly RunHistory RanOne = new(One, [One]);

    [Fact]
    public void The_wanted_generation_may_run() => Allowed(Two, RunApproval.Decide(Managed(Two), Offer(Two), RunHistory.None));

    [Fact]
    public void The_generation_that_ran_before_may_run_while_the_new_one_is_not_here() => Allowed(One, RunApproval.Decide(Managed(Two), Offer(One), RanOne));

    [Fact]
    public void A_generation_nobody_wanted_may_not_run() => Denied(RunDenial.OtherGeneration, RunApproval.Decide(Managed(Two), Offer(Three), RanOne));

    [Fact]
    public void A_workspace_the_state_does_not_name_may_not_run()
    {
        Denied(RunDenial.NotAssigned, RunApproval.Decide(null, Offer(One), RanOne));
        Denied(RunDenial.NotAssigned, RunApproval.Decide(Managed(One) with { Workspace = "other" }, Offer(One), RanOne));
    }

    [Theory]
    [InlineData("personal", "managed")]
    [InlineData("managed", "personal")]
    [InlineData("managed", "Managed")]
    public void A_workspace_never_changes_its_kind(string here, string wanted) =>
        Denied(RunDenial.OtherKind, RunApproval.Decide(Managed(One) with { Kind = wanted }, Offer(One) with { Kind = here }, RanOne));

    [Theory]
    [InlineData("")]
    [InlineData("latest")]
    [InlineData("sha256:")]
    [InlineData("sha256:../../../../etc/passwd")]
    [InlineData("sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void What_is_not_a_digest_may_not_run_even_if_it_is_wanted(string digest) =>
        Denied(RunDenial.MalformedDigest, RunApproval.Decide(Managed(digest), Offer(digest), new RunHistory(null, [digest])));

    [Fact]
    public void A_personal_workspace_stays_on_its_first_generation()
    {
        Allowed(One, RunApproval.Decide(Personal(One), OfferPersonal(One), RunHistory.None));
        Allowed(One, RunApproval.Decide(Personal(Two), OfferPersonal(One), RanOne));
        Denied(RunDenial.NotItsFirst, RunApproval.Decide(Personal(Two), OfferPersonal(Two), RanOne));
    }

    private static RunWish Managed(string digest) => new("work", "managed", digest, KeepsFirstGeneration: false);

    private static RunWish Personal(string digest) => new("work", "personal", digest, KeepsFirstGeneration: true);

    private static RunOffer Offer(string digest) => new("work", "managed", digest);

    private static RunOffer OfferPersonal(string digest) => new("work", "personal", digest);

    private static void Allowed(string digest, RunDecision decision) => Assert.Equal(new RunDecision.Allowed(digest), decision);

    private static void Denied(RunDenial reason, RunDecision decision) => Assert.Equal(reason, Assert.IsType<RunDecision.Denied>(decision).Reason);
}
