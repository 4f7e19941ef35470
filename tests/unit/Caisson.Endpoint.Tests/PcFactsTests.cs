using Caisson.Endpoint.Host;

namespace Caisson.Endpoint.Tests;

public sealed class PcFactsTests : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_PC_without_battery_and_network_says_so()
    {
        var facts = PcFacts.Read(folder.Path);
        Assert.Equal("none", facts.Network);
        Assert.Null(facts.BatteryPercent);
    }

    [Fact]
    public void Batteries_are_counted_together_and_a_mouse_is_none()
    {
        Write("class/power_supply/BAT0/type", "Battery");
        Write("class/power_supply/BAT0/capacity", "80");
        Write("class/power_supply/BAT0/status", "Discharging");
        Write("class/power_supply/BAT1/type", "Battery");
        Write("class/power_supply/BAT1/capacity", "40");
        Write("class/power_supply/BAT1/status", "Charging");
        Write("class/power_supply/mouse/type", "Battery");
        Write("class/power_supply/mouse/scope", "Device");
        Write("class/power_supply/mouse/capacity", "1");
        Write("class/power_supply/AC/type", "Mains");
        var facts = PcFacts.Read(folder.Path);
        Assert.Equal((60, true), (facts.BatteryPercent, facts.Charging));
    }

    [Theory]
    [InlineData("wlan0", true, "up", "wireless")]
    [InlineData("eth0", false, "up", "wired")]
    [InlineData("eth0", false, "down", "none")]
    public void A_card_that_is_up_is_the_network(string card, bool wireless, string state, string network)
    {
        Write("class/net/lo/operstate", "unknown");
        Write("class/net/docker0/operstate", "up"); // no device: a bridge
        Write($"class/net/{card}/operstate", state);
        Write($"class/net/{card}/device/vendor", "0x8086");
        if (wireless)
        {
            Write($"class/net/{card}/wireless/x", "");
        }

        Assert.Equal(network, PcFacts.Read(folder.Path).Network);
    }

    private void Write(string path, string text)
    {
        var file = Path.Combine(folder.Path, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text + "\n");
    }
}
