using Caisson.Testing;

namespace Caisson.Machines.Tests;

public sealed class ProbeKernelTests
{
    [Fact]
    public void The_kernel_that_runs_is_taken_else_the_newest_else_none()
    {
        using var boot = new TestFolder();
        Assert.Null(ProbeKernel.Choose(boot.File("no-such-folder"), "6.1.0"));
        Assert.Null(ProbeKernel.Choose(boot.Path, "6.1.0"));

        Write("vmlinuz-6.1.0", age: 3);
        Write("vmlinuz-6.12.0", age: 2);
        Write("initrd.img-6.13.0", age: 1);
        Assert.Equal(boot.File("vmlinuz-6.1.0"), ProbeKernel.Choose(boot.Path, "6.1.0"));
        Assert.Equal(boot.File("vmlinuz-6.12.0"), ProbeKernel.Choose(boot.Path, "6.18.0"));

        void Write(string name, int age)
        {
            File.WriteAllText(boot.File(name), "kernel");
            File.SetLastWriteTimeUtc(boot.File(name), DateTime.UnixEpoch.AddDays(-age));
        }
    }

    [Fact]
    public void A_kernel_that_cannot_be_read_or_is_empty_is_passed_over()
    {
        using var boot = new TestFolder();
        File.WriteAllText(boot.File("vmlinuz-1"), "kernel");
        File.WriteAllText(boot.File("vmlinuz-2"), "");
        File.CreateSymbolicLink(boot.File("vmlinuz-3"), boot.File("gone"));
        Assert.Equal(boot.File("vmlinuz-1"), ProbeKernel.Choose(boot.Path, "3"));
    }

    [Fact]
    public void Any_kernel_will_do_without_an_initrd()
    {
        var stock = ProbeKernel.Stock("/boot/vmlinuz-6.1.0");
        Assert.Null(stock.Initrd);
        Assert.Equal("Linux version", stock.ExpectedText);
        Assert.DoesNotContain("quiet", stock.CommandLine, StringComparison.Ordinal);
    }
}
