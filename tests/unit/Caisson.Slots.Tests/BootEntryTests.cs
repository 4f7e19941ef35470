using CsCheck;

namespace Caisson.Slots.Tests;

public sealed class BootEntryTests
{
    [Theory]
    [InlineData("caisson_7.efi", 7, null, 0)]
    [InlineData("caisson_7+2.efi", 7, 2, 0)]
    [InlineData("caisson_12+1-1.efi", 12, 1, 1)]
    [InlineData("caisson_7+0-2.efi", 7, 0, 2)]
    public void A_name_says_the_version_and_its_tries(string name, int version, int? left, int done)
    {
        Assert.Equal(new BootEntry(version, left, done), BootEntry.TryParse(name));
        Assert.Equal(name, new BootEntry(version, left, done).FileName);
    }

    [Theory]
    [InlineData("caisson-live_1.efi")]
    [InlineData("caisson_1.part")]
    [InlineData("caisson_.efi")]
    [InlineData("caisson_0.efi")]
    [InlineData("caisson_01.efi")]
    [InlineData("caisson_1+.efi")]
    [InlineData("caisson_1+2-.efi")]
    [InlineData("caisson_1+2-1-1.efi")]
    [InlineData("caisson_1+2+1.efi")]
    [InlineData("caisson_-1.efi")]
    [InlineData("caisson_9999999999.efi")]
    [InlineData("debian.efi")]
    public void What_is_not_ours_is_left_alone(string name) => Assert.Null(BootEntry.TryParse(name));

    [Fact]
    public void Every_entry_is_read_as_it_was_written() =>
        Gen.Select(Gen.Int[1, 999_999_999], Gen.Int[0, 9].Nullable(), Gen.Int[0, 9]).Sample((version, left, done) =>
        {
            var entry = new BootEntry(version, left, left is null ? 0 : done);
            Assert.Equal(entry, BootEntry.TryParse(entry.FileName));
        });

    [Fact]
    public void Any_text_is_read_or_refused_without_a_fault() => Gen.String.Sample(text => _ = BootEntry.TryParse($"caisson_{text}.efi"));
}
