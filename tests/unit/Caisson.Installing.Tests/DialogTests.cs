using static Caisson.Installing.Tests.Pcs;

namespace Caisson.Installing.Tests;

/// <summary>The pages, as a person presses through them.</summary>
public sealed class DialogTests
{
    private static readonly DialogKey Enter = new(KeyKind.Enter), Down = new(KeyKind.Down), Escape = new(KeyKind.Escape);

    private static InstallDialog Dialog(params IReadOnlyList<Disk> disks) => new()
    {
        Findings = [new("KVM", "ok", "It works."), new("TPM 2.0", "no", "There is none: the disk's key cannot be bound to this PC. Switch the TPM on in the firmware setup, where it may be called PTT or fTPM.")],
        Pc = new PcFacts { Disks = [Stick, .. disks] },
        Release = Pcs.Release,
        Ids = Ids,
    };

    [Fact]
    public void From_the_findings_to_a_plan_that_was_confirmed_by_typing_the_disks_name()
    {
        var dialog = Press(Dialog(Empty(), Shared()), Enter, Down, Enter, Enter);
        Assert.Equal(DialogPage.Token, dialog.Page);
        dialog = Type(dialog, "the-token");
        Assert.Contains("partition 2 \"Basic data partition\", 100 GB, ntfs \"Windows\"", Screen(dialog), StringComparison.Ordinal);
        Assert.Contains("These are lost:", Screen(dialog), StringComparison.Ordinal);
        Assert.Null(dialog.Plan);

        dialog = Type(dialog, "nvme0n1");
        Assert.Equal((DialogPage.Working, "the-token", "/dev/nvme0n1"), (dialog.Page, dialog.Token, dialog.Plan?.Disk.Path));
    }

    [Fact]
    public void Another_name_confirms_nothing()
    {
        var dialog = Type(Press(Dialog(Empty()), Enter, Enter, Enter, Enter), "sdb");
        Assert.Equal((DialogPage.Confirm, null), (dialog.Page, dialog.Plan));
        Assert.Contains("Type sda", Screen(dialog), StringComparison.Ordinal);
    }

    [Fact]
    public void Beside_says_what_stays()
    {
        var dialog = Press(Dialog(Shared()), Enter, Enter, Down, Enter, Enter);
        Assert.Contains("These stay as they are:", Screen(dialog), StringComparison.Ordinal);
        Assert.Equal(InstallMode.Beside, Type(dialog, "nvme0n1").Plan?.Mode);
    }

    [Fact]
    public void What_is_not_possible_says_why_and_leads_nowhere()
    {
        var dialog = Press(Dialog(Empty()), Enter, Enter, Down, Enter);
        Assert.Equal(DialogPage.Mode, dialog.Page);
        Assert.Contains("I-107", Screen(dialog), StringComparison.Ordinal);
    }

    [Fact]
    public void The_medium_is_not_among_the_disks() => Assert.DoesNotContain("STICK", Screen(Press(Dialog(Empty()), Enter)), StringComparison.Ordinal);

    [Fact]
    public void Escape_leads_back_page_by_page_and_nothing_is_planned()
    {
        var dialog = Press(Dialog(Empty()), Enter, Enter, Enter, Enter);
        Assert.Equal([DialogPage.Token, DialogPage.Mode, DialogPage.Disks, DialogPage.Hardware, DialogPage.Hardware], Enumerable.Range(1, 5).Select(n => Press(dialog, [.. Enumerable.Repeat(Escape, n)]).Page));
    }

    [Fact]
    public void The_token_of_the_medium_is_taken_by_Enter() =>
        Assert.Equal("M", Press(Dialog(Empty()) with { MediumToken = "M" }, Enter, Enter, Enter, Enter).Token);

    [Fact]
    public void A_PC_that_lacks_something_is_installed_only_anyway()
    {
        var dialog = Dialog(Empty()) with { Pc = new PcFacts { Disks = [Empty()], Missing = [new("memory", "2 GB is too little.")] } };
        Assert.Equal(DialogPage.Hardware, Press(dialog, Enter).Page);
        dialog = Press(Type(dialog, "anyway"), Enter, Enter, Enter);
        Assert.NotNull(Type(dialog, "sda").Plan);
    }

    [Fact]
    public void Progress_says_how_much_how_fast_and_how_long()
    {
        var dialog = Type(Press(Dialog(Empty()), Enter, Enter, Enter, Enter), "sda") with { Progress = new InstallProgress("Copying the system", 100_000_000, 400_000_000, 50e6, TimeSpan.FromSeconds(6)) };
        Assert.Contains("25 %", Screen(dialog), StringComparison.Ordinal);
        Assert.Contains("100 MB of 400 MB, 50 MB/s, 0:06 left", Screen(dialog), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_page_fits_a_console_of_80_columns()
    {
        var plan = Type(Press(Dialog(Shared()), Enter, Enter, Enter, Enter), "nvme0n1");
        InstallDialog[] pages =
        [
            Dialog(Empty()), Press(Dialog(Empty(), Shared()), Enter), Press(Dialog(Shared()), Enter, Enter), Press(Dialog(Shared()), Enter, Enter, Enter), Press(Dialog(Shared()), Enter, Enter, Enter, Enter),
            plan with { Progress = new InstallProgress("Copying the system", 1, 2, 3, TimeSpan.FromHours(1)) }, plan with { Page = DialogPage.Done },
            plan with { Page = DialogPage.Failed, Message = new string('x', 200) + "\nand another reason" },
        ];
        Assert.Equal(Enum.GetValues<DialogPage>(), pages.Select(p => p.Page).Distinct());
        Assert.All(pages, page => Assert.All(DialogText.Lines(page), line => Assert.InRange(line.Text.Length, 0, DialogText.Columns + 4)));
        Assert.All(pages, page => Assert.InRange(DialogText.Lines(page).Count, 3, 20));
    }

    private static InstallDialog Press(InstallDialog dialog, params IReadOnlyList<DialogKey> keys) => keys.Aggregate(dialog, (page, key) => page.Press(key));

    private static InstallDialog Type(InstallDialog dialog, string text) => Press(dialog, [.. text.Select(c => new DialogKey(KeyKind.Character, c)), Enter]);

    private static string Screen(InstallDialog dialog) => string.Join('\n', DialogText.Lines(dialog).Select(line => line.Text));
}
