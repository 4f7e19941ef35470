using System.Globalization;
using Caisson.Testing;

namespace Caisson.Installing.Tests;

/// <summary>The installer, the build and the first start must mean the same disk.</summary>
public sealed class DiskLayoutTests
{
    private static readonly string Build = File.ReadAllText(Path.Combine(Checkout.Root, "appliance", "partitions.sh"));
    private static readonly string FirstStart = File.ReadAllText(Path.Combine(Checkout.Root, "appliance", "tree", "usr", "lib", "caisson", "data-partition"));

    [Theory]
    [InlineData("ESP_MIB", DiskLayout.EspMebibytes)]
    [InlineData("ROOT_MIB", DiskLayout.RootMebibytes)]
    [InlineData("VERITY_MIB", DiskLayout.VerityMebibytes)]
    public void Sizes_are_those_of_the_build(string name, long mebibytes) => Assert.Equal(mebibytes, long.Parse(Value(Build, name), CultureInfo.InvariantCulture));

    [Fact]
    public void Types_and_names_are_those_of_the_build_and_the_first_start()
    {
        Assert.Equal((DiskLayout.Esp, DiskLayout.Root, DiskLayout.Verity), (new Guid(Value(Build, "TYPE_ESP")), new Guid(Value(Build, "TYPE_ROOT")), new Guid(Value(Build, "TYPE_VERITY"))));
        Assert.Equal((DiskLayout.Data, DiskLayout.DataBlankName), (new Guid(Value(FirstStart, "type")), Value(FirstStart, "blank")));
        Assert.Contains($"name={DiskLayout.EspName},", Build, StringComparison.Ordinal);
        Assert.Contains($"name={DiskLayout.EmptySlotName},", Build, StringComparison.Ordinal);
    }

    private static string Value(string script, string name) => script.Split('\n').First(line => line.StartsWith(name + "=", StringComparison.Ordinal)).Split('=', '#')[1].Trim();
}
