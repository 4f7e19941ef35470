using CsCheck;

namespace Caisson.Hardware.Tests;

public sealed class PciAddressTests
{
    [Fact]
    public void An_address_is_read_as_it_is_written() =>
        Gen.Select(Gen.Int[0, 0xfffff], Gen.Byte, Gen.Byte[0, 31], Gen.Byte[0, 7], (domain, bus, slot, function) => new PciAddress(domain, bus, slot, function))
            .Sample(address => Assert.True(PciAddress.TryParse($"{address}", out var read) && read == address));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("00:02.0")]
    [InlineData("0000:00:20.0")]
    [InlineData("0000:00:02.8")]
    [InlineData("0000:00:02")]
    [InlineData("0000:00:02.0 ")]
    [InlineData("0000:00:02.0,x-vga=on")]
    [InlineData("-001:00:02.0")]
    public void Anything_else_is_no_address(string? text) => Assert.False(PciAddress.TryParse(text, out _));

    [Fact]
    public void Anything_at_all_is_read_or_refused_but_never_thrown_at() => Gen.String.Sample(text => PciAddress.TryParse(text, out var address) || address == default);
}
