namespace Caisson.Installing.Tests;

/// <summary>caisson/install.json.</summary>
public sealed class WishesFileTests
{
    [Fact]
    public void All_that_can_be_said_is_read()
    {
        var file = Read("""{"disk":{"serial":"S1"},"mode":"beside","despite":["memory"],"token":" T ","network":"caisson/office.nmconnection","end":"restart"}""");

        Assert.Equal((new DiskChoice.BySerial("S1"), InstallMode.Beside, "T", "caisson/office.nmconnection", InstallEnd.Restart), (file.Wishes.Disk, file.Wishes.Mode, file.Token, file.Network, file.End));
        Assert.Equal(["memory"], file.Wishes.Despite);
    }

    [Theory]
    [InlineData("""{"path":"/dev/sda"}""")]
    [InlineData("""{"largest_empty":true}""")]
    [InlineData("""{"least_bytes":1,"most_bytes":2}""")]
    public void A_disk_is_chosen_in_one_of_four_ways(string disk)
    {
        DiskChoice[] all = [new DiskChoice.ByPath("/dev/sda"), new DiskChoice.LargestEmpty(), new DiskChoice.BySize(1, 2)];
        Assert.Contains(Read($$"""{"disk":{{disk}},"mode":"erase"}""").Wishes.Disk, all);
    }

    [Fact]
    public void Without_more_words_the_PC_is_switched_off_at_the_end_so_that_a_stick_left_in_installs_nothing_twice() =>
        Assert.Equal(InstallEnd.PowerOff, Read("""{"disk":{"largest_empty":true},"mode":"erase"}""").End);

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"disk":{"largest_empty":true}}""")]
    [InlineData("""{"mode":"erase"}""")]
    [InlineData("""{"disk":{},"mode":"erase"}""")]
    [InlineData("""{"disk":{"largest_empty":false},"mode":"erase"}""")]
    [InlineData("""{"disk":{"serial":"S","path":"/dev/sda"},"mode":"erase"}""")]
    [InlineData("""{"disk":{"least_bytes":2,"most_bytes":1},"mode":"erase"}""")]
    [InlineData("""{"disk":{"largest_empty":true},"mode":"format"}""")]
    [InlineData("""{"disk":{"largest_empty":true},"mode":0}""")]
    [InlineData("""{"disk":{"largest_empty":true},"mode":"erase","erase":true}""")]
    [InlineData("""{"disk":{"largest_empty":true},"mode":"erase","network":"/etc/shadow"}""")]
    [InlineData("""{"disk":{"largest_empty":true},"mode":"erase","network":"../x.nmconnection"}""")]
    public void What_is_missing_unknown_or_said_twice_is_refused(string json) => Assert.Equal((null, "I-130"), (WishesFile.Parse(json).File, WishesFile.Parse(json).Refusal?.Code));

    [Fact]
    public void The_result_is_said_in_words_and_fields()
    {
        var json = new InstallResult(InstallVerdict.Refused, null, null, null, 3, ["No disk. (I-103)"], [], 1.5).ToJson();
        Assert.Contains("\"verdict\": \"refused\"", json, StringComparison.Ordinal);
        Assert.Contains("\"No disk. (I-103)\"", json, StringComparison.Ordinal);
    }

    private static WishesFile Read(string json) => WishesFile.Parse(json).File ?? throw new InvalidOperationException($"{WishesFile.Parse(json).Refusal}");
}
