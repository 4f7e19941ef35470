namespace Caisson.GuestTools.Tests;

public sealed class FactFolderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private IReadOnlyList<KeyValuePair<string, string>> Facts(params KeyValuePair<string, string>[] always) =>
        new FactFolder(folder.Path, always).Read();

    [Fact]
    public void A_file_is_a_fact_and_its_first_line_the_value()
    {
        folder.Write("session", "active\nsecond line\n");

        Assert.Equal([new("session", "active")], Facts());
    }

    [Fact]
    public void A_file_replaces_a_fact_that_always_holds_and_an_empty_file_does_not()
    {
        folder.Write("generation", "2");
        folder.Write("os-name", "");

        Assert.Equal([new("generation", "2"), new("os-name", "Debian")], Facts(new("generation", "1"), new("os-name", "Debian")));
    }

    [Theory]
    [InlineData("Upper")]
    [InlineData("with space")]
    [InlineData("quote\"")]
    [InlineData("a234567890123456789012345678901234567890x")]
    public void A_name_outside_the_bounds_is_no_fact(string name)
    {
        folder.Write(name, "x");

        Assert.Empty(Facts());
    }

    [Fact]
    public void A_long_value_is_cut_at_256_characters()
    {
        folder.Write("long", new string('ä', 100_000));

        Assert.Equal(new string('ä', 256), Assert.Single(Facts()).Value);
    }

    [Fact]
    public void Control_characters_and_broken_utf8_never_reach_the_line()
    {
        File.WriteAllBytes(folder.Write("odd", ""), [0x1b, (byte)'[', 0, (byte)'a', 0xff, (byte)'\r', (byte)'\n']);

        Assert.Equal("[a\ufffd", Assert.Single(Facts()).Value);
    }

    [Fact]
    public void No_more_than_32_facts_are_told()
    {
        for (var i = 0; i < 100; i++)
        {
            folder.Write($"fact-{i:00}", "x");
        }

        Assert.Equal(32, Facts().Count);
    }

    [Fact]
    public void A_missing_folder_leaves_the_facts_that_always_hold()
    {
        var facts = new FactFolder(Path.Combine(folder.Path, "absent"), [new("os-name", "Debian")]).Read();

        Assert.Equal([new("os-name", "Debian")], facts);
    }

    [Fact]
    public void Generation_and_name_come_from_the_system_files()
    {
        folder.Write("caisson/generation", "7\n");
        folder.Write("os-release", "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");

        Assert.Equal([new("generation", "7"), new("os-name", "Debian GNU/Linux 12 (bookworm)")], SystemFacts.Read(folder.Path));
    }

    [Fact]
    public void A_system_without_those_files_has_no_such_facts()
    {
        Assert.Empty(new FactFolder(folder.Path, SystemFacts.Read(folder.Path)).Read());
    }
}
