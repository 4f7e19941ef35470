using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Caisson.ControlPlane.Data.Migrations
{
    /// <inheritdoc />
    public partial class Appliance : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "ApplianceImage",
                table: "Groups",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "ApplianceJson",
                table: "Endpoints",
                type: "TEXT",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "ApplianceImage",
                table: "Groups");

            migrationBuilder.DropColumn(
                name: "ApplianceJson",
                table: "Endpoints");
        }
    }
}
