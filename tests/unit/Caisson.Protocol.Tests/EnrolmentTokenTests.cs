using CsCheck;

namespace Caisson.Protocol.Tests;

public sealed class EnrolmentTokenTests
{
    private static readonly EnrolmentToken Token = new()
    {
        Url = new Uri("https://caisson.example.org:8443"),
        CaSha256 = new string('a', 64),
        Secret = "c2VjcmV0",
    };

    [Fact]
    public void A_token_reads_back_as_it_was_written()
    {
        Assert.Equal(Token, EnrolmentToken.Parse(Token.ToString()));
    }

    [Fact]
    public void Space_around_a_copied_token_does_no_harm()
    {
        Assert.Equal(Token, EnrolmentToken.Parse($"  {Token}\r\n"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("caisson2.e30")]
    [InlineData("caisson1.")]
    [InlineData("caisson1.e30")]
    [InlineData("caisson1.bnVsbA")]
    [InlineData("caisson1.***")]
    public void What_is_no_token_is_refused_with_a_sentence_that_says_what_to_do(string text)
    {
        var error = Assert.Throws<FormatException>(() => EnrolmentToken.Parse(text));
        Assert.Contains("Copy the whole line", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_cut_anywhere_is_refused()
    {
        var text = Token.ToString();
        Gen.Int[0, text.Length - 1].Sample(length => Assert.Throws<FormatException>(() => EnrolmentToken.Parse(text[..length])));
    }
}
